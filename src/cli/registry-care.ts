/** What the commands that look after a registry share: the configuration that its server has, too. */
import type { CareConfig } from '#core/registry-config.ts';
import type { RegistryTransfer } from '#core/registry-keeping.ts';
import { text } from './flags.ts';
import { humanSize } from './format.ts';
import type { CliSettings } from './settings.ts';

export const configFlag = text({
  description: "The server's configuration, a YAML or JSON file",
  helpValue: 'file',
});

/** @throws CONFIG_INVALID, FILE_MISSING */
export async function careConfig(
  settings: Pick<CliSettings, 'variable'>,
  file: string | undefined,
): Promise<CareConfig> {
  const { registryConfig } = await import('#engine/registry-config.ts');
  const sources = {
    variable: settings.variable,
    flags: {},
    ...(file === undefined ? {} : { file }),
  };
  return registryConfig(sources).care;
}

/** `3 repositories, 12 tags, 14 manifests; 40 blobs (1.2GB) copied` */
export function transferText(transfer: RegistryTransfer, verb: string): string {
  const { repositories, tags, manifests, blobs, bytes } = transfer;
  const held = [
    counted(repositories, 'repository', 'repositories'),
    counted(tags, 'tag'),
    counted(manifests, 'manifest'),
  ];
  return `${held.join(', ')}; ${verb} ${counted(blobs, 'blob')} (${humanSize(bytes)})`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
