/**
 * registries.conf's `credential-helpers` (containers-registries.conf(5)): programs for all registries.
 * Its `containers-auth.json` stands for podman's files, which are asked before.
 */
import type { Fact } from '#core/registry-settings.ts';
import { serverKey } from './credential-file.ts';
import { helperGet } from './credential-helper.ts';
import type { Credentials } from './credentials.ts';

const FILES = 'containers-auth.json';

/** `names`: the list, read at the first question. */
export function helperCredentials(
  names: () => Promise<Fact<readonly string[]> | undefined>,
): Credentials {
  return {
    find: async (registry) => {
      const said = await names();
      for (const name of said?.value ?? []) {
        if (name === FILES) continue;
        const value = await helperGet(name, serverKey(registry));
        if (value) return { value, origin: `docker-credential-${name} (${said?.origin})` };
      }
      return undefined;
    },
  };
}
