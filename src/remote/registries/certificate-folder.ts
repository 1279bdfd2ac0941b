/**
 * `certs.d/<host[:port]>/`: `*.crt` are authorities, `*.cert` with `*.key` beside it is who we are.
 * docker's and podman's folders have the same shape; containerd reads one without a hosts.toml so,
 * too.
 */
import { join } from 'node:path';
import { SlipwayError } from '#core/errors.ts';
import { listConfigFolder } from './config-file.ts';
import type { Entry } from './entry.ts';

/** What the folder of one host says; undefined when there is none, or nothing in it. @throws CONFIG_INVALID */
export async function readCertificateFolder(
  folder: string,
  registry: string,
): Promise<Entry | undefined> {
  const path = join(folder, registry);
  const names = await listConfigFolder(path);
  const authorities = names.filter((name) => name.endsWith('.crt')).map((name) => join(path, name));
  const [client] = names.filter((name) => name.endsWith('.cert'));
  if (authorities.length === 0 && client === undefined) return undefined;
  return {
    origin: path,
    pattern: { kind: 'prefix', text: registry },
    transport: {
      ...(authorities.length === 0 ? {} : { authorities }),
      ...(client === undefined ? {} : { client: pairOf(path, client, names) }),
    },
  };
}

function pairOf(
  path: string,
  certificate: string,
  names: readonly string[],
): { readonly certificate: string; readonly key: string } {
  const key = certificate.replace(/\.cert$/, '.key');
  if (names.includes(key)) return { certificate: join(path, certificate), key: join(path, key) };
  throw new SlipwayError(
    'CONFIG_INVALID',
    `missing key ${key} for client certificate ${certificate}. CA certificates must use the extension .crt`,
    { hint: `put ${key} beside it in ${path}, or rename it to .crt if it is an authority's` },
  );
}
