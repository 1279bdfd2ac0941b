/** `--secret` and `--ssh` of a build, in docker's words. */
import { resolve } from 'node:path';
import type { BuildAgents, BuildSecrets, SecretSource } from '#core/build-secret.ts';
import { SlipwayError } from '#core/errors.ts';
import { Attributes } from './attributes.ts';

type Lookup = (name: string) => string | undefined;

/** `id=x,src=file`, `id=x,env=NAME`; `id=x` alone is the variable x, else the file x. @throws USAGE */
export function secretsIn(words: readonly string[], lookup: Lookup): BuildSecrets {
  return Object.fromEntries(words.map((word) => secretIn(word, lookup)));
}

function secretIn(word: string, lookup: Lookup): readonly [id: string, source: SecretSource] {
  const attributes = Attributes.of(word, 'secret');
  const type = attributes.take('type');
  if (type !== undefined && type !== 'file' && type !== 'env') {
    throw usage(`unsupported secret type "${type}"`, 'the types are file and env');
  }
  const id = attributes.take('id');
  const file = attributes.take('src') ?? attributes.take('source');
  const env = attributes.take('env') ?? (type === 'env' ? (file ?? id) : undefined);
  attributes.refuseRest('--secret');
  const name = id ?? env ?? file;
  if (!name) throw usage(`missing secret id in "${word}"`, 'write --secret id=NAME,src=FILE');
  if (env !== undefined) return [name, { kind: 'value', value: variable(env, lookup) }];
  const set = file === undefined && type === undefined ? lookup(name) : undefined;
  if (set !== undefined) return [name, { kind: 'value', value: set }];
  return [name, { kind: 'file', path: resolve(file ?? name) }];
}

function variable(name: string, lookup: Lookup): string {
  const value = lookup(name);
  if (value !== undefined) return value;
  throw usage(`environment variable ${name} for a secret is not set`, `set it: export ${name}=…`);
}

/** `default` is $SSH_AUTH_SOCK; `id=socket`. @throws USAGE */
export function agentsIn(words: readonly string[], lookup: Lookup): BuildAgents {
  return Object.fromEntries(
    words.map((word) => {
      const equals = word.indexOf('=');
      if (equals >= 0) return [word.slice(0, equals), resolve(word.slice(equals + 1))];
      const socket = lookup('SSH_AUTH_SOCK');
      if (socket) return [word, socket];
      throw usage(
        'invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set',
        'start an agent: eval "$(ssh-agent)" && ssh-add',
      );
    }),
  );
}

function usage(message: string, hint: string): SlipwayError {
  return new SlipwayError('USAGE', message, { hint });
}
