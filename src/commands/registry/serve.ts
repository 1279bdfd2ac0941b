import { once } from 'node:events';
import { hostname } from 'node:os';
import { BaseCommand } from '#cli/base-command.ts';
import { list, text, toggle } from '#cli/flags.ts';
import type { RegistryHandle } from '#engine.ts';

const ADDRESS_DEFAULT = '127.0.0.1:5000';

export default class RegistryServe extends BaseCommand {
  static override readonly summary =
    'Serve the local store, or image archives, as a registry until interrupted';
  static override readonly usage = 'registry serve [OPTIONS] [ARCHIVE...]';
  static override readonly args = {
    archive: {
      description: 'Serve these archives where they lie, for pulling only',
      required: false,
      multiple: true,
    },
  } as const;
  static override readonly flags = {
    addr: text({
      description: `Address to listen on (default: ${ADDRESS_DEFAULT}); port 0 picks a free one`,
      helpValue: 'host:port',
    }),
    config: text({
      description: 'Read the configuration from a YAML or JSON file',
      helpValue: 'file',
    }),
    tls: text({
      description: "'self': make an authority and a certificate of our own",
      helpValue: 'self',
      options: ['self'],
    }),
    'tls-cert': text({ description: 'The certificate chain (PEM)', helpValue: 'file' }),
    'tls-key': text({ description: 'The private key of the certificate (PEM)', helpValue: 'file' }),
    users: text({
      description: 'Users and bcrypt hashes (default: those of registry user add)',
      helpValue: 'file',
    }),
    anonymous: text({
      description: "What those may do who do not sign in: 'none' or 'pull'",
      helpValue: 'string',
      options: ['none', 'pull'],
    }),
    proxy: list({
      description:
        'Fetch what is not here from another registry, and keep it: NAME=URL, or a URL for all names without one',
      helpValue: '[name=]url',
    }),
    'read-only': toggle({ description: 'Refuse everything that writes' }),
    'allow-public': toggle({
      description: 'Listen where other machines reach it though TLS or sign-in is missing',
    }),
    'allow-sparse': toggle({
      description: 'Take indexes and images of which parts were never pushed',
    }),
    log: toggle({ description: 'One line per request on stderr' }),
    'log-format': text({
      description: "How --log writes: 'combined', for people, or 'json'",
      helpValue: 'string',
      options: ['combined', 'json'],
    }),
  };

  protected async run(): Promise<undefined> {
    const { flags, args } = this.parse(RegistryServe);
    const { signal } = this.host.interrupts;
    const { registryConfig } = await import('#engine/registry-config.ts');
    const given = (isGiven: boolean): string | undefined => (isGiven ? 'true' : undefined);
    const config = registryConfig({
      variable: this.settings().variable,
      ...(flags.config === undefined ? {} : { file: flags.config }),
      proxies: flags.proxy,
      flags: {
        address: flags.addr,
        'tls.self': given(flags.tls === 'self'),
        'tls.certificate': flags['tls-cert'],
        'tls.key': flags['tls-key'],
        'auth.users': flags.users,
        'auth.anonymous': flags.anonymous,
        'read-only': given(flags['read-only']),
        'access-log': flags['log-format'] ?? (flags.log ? 'combined' : undefined),
        'allow-public': given(flags['allow-public']),
        'allow-sparse': given(flags['allow-sparse']),
      },
    });
    const engine = await this.engine();
    await using registry = await engine.serveRegistry({
      ...config,
      ...(args.archive ? { archives: args.archive } : {}),
      log: (line) => void this.host.stderr.write(`${line}\n`),
    });
    this.print(`Registry listening on ${registry.url}`);
    this.#tellAuthority(registry);
    if (!signal.aborted) await once(signal, 'abort');
  }

  /** What a client does once, so that it trusts the certificate. */
  #tellAuthority({ authority, address }: RegistryHandle): void {
    if (!authority) return;
    const name = address.replace(/^(?:0\.0\.0\.0|\[::\]):/, `${hostname()}:`);
    const folder = `/etc/docker/certs.d/${name}`;
    this.host.stderr.write(
      `note: clients trust it once they have its authority, ${authority.path}
      (sha256 ${authority.fingerprint}). On each, for docker and slipway:
      mkdir -p ${folder} && curl -sko ${folder}/ca.crt https://${name}/ca.crt
      for podman and skopeo the folder is /etc/containers/certs.d/${name}\n`,
    );
  }
}
