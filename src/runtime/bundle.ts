/**
 * A bundle on disk (runtime-spec bundle.md): `config.json`, the folder that the root is mounted on,
 * and `rootfs.json`, our own file that says what the root consists of. Other OCI runtimes read the
 * first and need a ready folder instead of the last.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RootfsSpec, RuntimeSpec } from '#core/runtime-spec.ts';

/**
 * Writes the bundle into an existing folder of the caller's. Without `rootfs`, `root.path` of the
 * spec must be a ready root file system.
 */
export function writeBundle(
  folder: string,
  spec: RuntimeSpec,
  rootfs?: RootfsSpec,
  options: {
    /** Where config.json is instead, with a link to it: it holds what must not get onto a disk. */
    readonly configFolder?: string;
  } = {},
): void {
  const config = join(options.configFolder ?? folder, 'config.json');
  writeFileSync(config, jsonOf(spec), { mode: 0o600 });
  if (options.configFolder !== undefined) symlinkSync(config, join(folder, 'config.json'));
  if (!rootfs) return;
  writeFileSync(join(folder, 'rootfs.json'), JSON.stringify(rootfs));
  // Only a place to mount on: nothing is ever written into it.
  mkdirSync(join(folder, spec.root.path), { recursive: true, mode: 0o700 });
}

/** TypeScript's library does not know it yet (ECMAScript proposal JSON.parse source text access). */
declare global {
  interface JSON {
    rawJSON(text: string): unknown;
  }
}

/** Numbers of 64 bits are bigints in a spec and plain numbers in its text. */
function jsonOf(spec: RuntimeSpec): string {
  return JSON.stringify(spec, (_key, value: unknown) =>
    typeof value === 'bigint' ? JSON.rawJSON(value.toString()) : value,
  );
}
