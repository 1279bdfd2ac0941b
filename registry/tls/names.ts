/** How this machine may be called by those who connect to it. */
import { hostname, networkInterfaces } from 'node:os';

/** For a certificate: localhost, the host's name, the addresses of its interfaces, and `extra`. */
export function machineNames(extra: readonly string[]): readonly string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((interfaces) => interfaces ?? [])
    // What is local to a link is of no use in a URL: it needs the name of the interface.
    .filter(({ address }) => !address.startsWith('fe80:'))
    .map(({ address }) => address);
  return [...new Set(['localhost', hostname(), '127.0.0.1', '::1', ...addresses, ...extra])];
}
