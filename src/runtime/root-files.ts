/**
 * /etc/hosts and /etc/resolv.conf of a container: written beside the bundle and bound read-only, so
 * they are never part of a layer.
 */
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '#core/errors.ts';
import type { MountSpec } from '#core/runtime-spec.ts';

/** The files every root needs a place for; the stub folder below all layers provides it. */
export async function rootFiles(folder: string, hostname: string): Promise<readonly MountSpec[]> {
  const hosts = join(folder, 'hosts');
  const resolv = join(folder, 'resolv.conf');
  await writeFile(
    hosts,
    `127.0.0.1\tlocalhost ${hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n`,
  );
  await writeFile(resolv, await hostResolvConf());
  // Every user of the container reads them, whatever our own umask is.
  for (const file of [hosts, resolv]) await chmod(file, 0o644);
  return [bind(hosts, '/etc/hosts'), bind(resolv, '/etc/resolv.conf')];
}

function bind(source: string, destination: string): MountSpec {
  return {
    destination,
    type: 'bind',
    source,
    options: ['bind', 'ro', 'nosuid', 'nodev', 'noexec'],
  };
}

/** The host's, as the network is the host's. */
async function hostResolvConf(): Promise<string> {
  try {
    return await readFile('/etc/resolv.conf', 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  }
}
