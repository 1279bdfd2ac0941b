/** What a build is given and must not give away: `--secret` and `--ssh`. */

export type SecretSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'value'; readonly value: string };

/** By id. */
export type BuildSecrets = Readonly<Record<string, SecretSource>>;

/** Paths of the sockets of ssh agents, by id; `default` is the one that RUN asks for by itself. */
export type BuildAgents = Readonly<Record<string, string>>;
