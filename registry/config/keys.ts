/**
 * Every key of the configuration: its type, what it means, its environment variables. The file, the
 * environment and docs/registry-config.md come from this table. What is a list of things (rules,
 * groups) is in the file only: structured.ts.
 */

export interface ConfigKey {
  readonly type: 'text' | 'path' | 'boolean' | 'seconds' | 'duration' | 'size' | 'list';
  readonly meaning: string;
  /** Where it is not said. */
  readonly fallback?: string;
  /** The only values there are. */
  readonly values?: readonly string[];
  /** What docker's registry calls the same. */
  readonly docker?: string;
}

export const CONFIG_KEYS = {
  address: {
    type: 'text',
    meaning: 'Where to listen, `host:port`; port 0 picks a free one',
    fallback: '127.0.0.1:5000',
    docker: 'REGISTRY_HTTP_ADDR',
  },
  'allow-public': {
    type: 'boolean',
    meaning: 'Listen where other machines reach it though TLS or sign-in is missing',
    fallback: 'false',
  },
  'allow-sparse': {
    type: 'boolean',
    meaning: 'Take manifests of which parts were never pushed',
    fallback: 'false',
  },
  'allow-delete': {
    type: 'boolean',
    meaning: 'Take `DELETE` of manifests, tags and blobs',
    fallback: 'true',
    docker: 'REGISTRY_STORAGE_DELETE_ENABLED',
  },
  'read-only': {
    type: 'boolean',
    meaning: 'Refuse everything that writes, with 405 and a reason',
    fallback: 'false',
    docker: 'REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED',
  },
  'min-free': {
    type: 'size',
    meaning:
      'With less room than this on the disk /readyz says 503, and clients that push are warned',
    fallback: '1GiB',
  },
  'access-log': {
    type: 'text',
    meaning: 'A line per request on stderr, for people or as JSON',
    fallback: 'off',
    values: ['off', 'combined', 'json'],
  },
  pages: {
    type: 'boolean',
    meaning: 'Pages for browsers at `/`',
    fallback: 'true',
  },
  metrics: {
    type: 'boolean',
    meaning: 'Figures for Prometheus at /metrics, for those who sign in where sign-in is asked',
    fallback: 'true',
  },
  'tls.certificate': {
    type: 'path',
    meaning: 'The certificate chain, PEM; read again when it changes',
    docker: 'REGISTRY_HTTP_TLS_CERTIFICATE',
  },
  'tls.key': {
    type: 'path',
    meaning: 'The private key of it, PEM; read again when it changes',
    docker: 'REGISTRY_HTTP_TLS_KEY',
  },
  'tls.self': {
    type: 'boolean',
    meaning: 'Make an authority and a certificate of our own, kept beside the store',
    fallback: 'false',
  },
  'tls.names': {
    type: 'list',
    meaning:
      'With `tls.self`: host names and addresses for the certificate, besides those of this machine',
  },
  'tls.client-ca': {
    type: 'path',
    meaning: 'The authority of client certificates, PEM: the name in one signs its client in',
    docker: 'REGISTRY_HTTP_TLS_CLIENTCAS',
  },
  'tls.clients': {
    type: 'text',
    meaning: 'Whether a client must have a certificate',
    fallback: 'request',
    values: ['request', 'require'],
  },
  'auth.users': {
    type: 'path',
    meaning: 'Users and bcrypt hashes, as `slipway registry user add` and `htpasswd -B` write them',
    fallback: '`registry/users` in the store, when it is there',
    docker: 'REGISTRY_AUTH_HTPASSWD_PATH',
  },
  'auth.keys': {
    type: 'path',
    meaning: 'API keys, as `slipway registry user key` writes them',
    fallback: '`registry/keys.json` in the store, when it is there',
  },
  'auth.anonymous': {
    type: 'text',
    meaning: 'What somebody may do who does not sign in, where no rules are written',
    fallback: 'none',
    values: ['none', 'pull'],
  },
  'auth.scheme': {
    type: 'text',
    meaning: 'How clients are asked to sign in: by tokens, or with the password in every request',
    fallback: 'token',
    values: ['token', 'basic'],
  },
  'auth.token-seconds': {
    type: 'seconds',
    meaning: 'How long a token of ours lasts',
    fallback: '300',
  },
  'auth.realm': {
    type: 'text',
    meaning: 'URL of a token server of your own, instead of users here',
    docker: 'REGISTRY_AUTH_TOKEN_REALM',
  },
  'auth.service': {
    type: 'text',
    meaning: 'The name of this registry in tokens',
    fallback: 'slipway',
    docker: 'REGISTRY_AUTH_TOKEN_SERVICE',
  },
  'auth.issuer': {
    type: 'text',
    meaning: 'With `auth.realm`: the issuer that its tokens must name',
    docker: 'REGISTRY_AUTH_TOKEN_ISSUER',
  },
  'auth.jwks': {
    type: 'text',
    meaning: 'With `auth.realm`: its public keys as a JSON Web Key Set, a file or a URL',
    docker: 'REGISTRY_AUTH_TOKEN_JWKS',
  },
  'gc.interval': {
    type: 'duration',
    meaning: 'How often garbage is collected while the server runs; `off`: never by itself',
    fallback: '1h',
  },
  'gc.grace': {
    type: 'duration',
    meaning: 'How long an uploaded blob waits for a manifest that needs it; a minute at least',
    fallback: '24h',
  },
  'gc.uploads': {
    type: 'duration',
    meaning: 'How long after its last byte an upload that was not ended is thrown away',
    fallback: '7d',
  },
  'scrub.interval': {
    type: 'duration',
    meaning: 'How often every blob is read and hashed again while the server runs',
    fallback: 'off',
  },
  'scrub.rate': {
    type: 'size',
    meaning: 'How many bytes of that a second at most',
    fallback: '20MiB',
  },
  'quota.total': {
    type: 'size',
    meaning: 'Bytes of blobs that all repositories may hold together, each blob counted once',
  },
  'retention.interval': {
    type: 'duration',
    meaning: 'How often the rules of retention are applied while the server runs',
    fallback: '24h',
  },
  'proxy.url': {
    type: 'text',
    meaning:
      'A registry at which all names are looked for that no local repository has; [several](#upstreams) are in the file only',
    docker: 'REGISTRY_PROXY_REMOTEURL',
  },
  'proxy.username': {
    type: 'text',
    meaning: 'With `proxy.url`: ask it as this user',
    docker: 'REGISTRY_PROXY_USERNAME',
  },
  'proxy.password': {
    type: 'text',
    meaning: 'With `proxy.url`: and with this password',
    docker: 'REGISTRY_PROXY_PASSWORD',
  },
  'proxy.ttl': {
    type: 'duration',
    meaning:
      'With `proxy.url`: what nobody has pulled for this long is removed when the rules of retention are applied; `0`: never',
    fallback: '168h',
    docker: 'REGISTRY_PROXY_TTL',
  },
  'proxy.anonymous': {
    type: 'text',
    meaning:
      'With `proxy.url`: what those may do who do not sign in; `none` whatever the rules of access say',
    fallback: '`none` where it is asked with a password, else `pull`',
    values: ['none', 'pull'],
  },
  'proxy.own-names': {
    type: 'list',
    meaning: 'Host names that mean this registry itself where clients send `?ns=`',
  },
} as const satisfies Readonly<Record<string, ConfigKey>>;

export type ConfigKeyName = keyof typeof CONFIG_KEYS;

/** `SLIPWAY_REGISTRY_TLS_CERTIFICATE` */
export function variableOf(key: string): string {
  return `SLIPWAY_REGISTRY_${key.replaceAll(/[.-]/g, '_').toUpperCase()}`;
}
