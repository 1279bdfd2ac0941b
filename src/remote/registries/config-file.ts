/** Reads configuration files of ours and of other tools; every failure names the file. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, isSlipwayError, SlipwayError } from '#core/errors.ts';

/** Undefined when there is no such file. @throws PERMISSION */
export async function readConfigFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    return absent(path, cause);
  }
}

/**
 * The same for a file of a daemon that runs as somebody else, who may keep it to himself: then
 * `onUnreadable` hears of it and it says nothing.
 */
export async function readForeignFile(
  path: string,
  onUnreadable: (path: string) => void,
): Promise<string | undefined> {
  try {
    return await readConfigFile(path);
  } catch (error) {
    if (!isSlipwayError(error, 'PERMISSION')) throw error;
    onUnreadable(path);
    return undefined;
  }
}

/** Names in a folder, sorted; empty when it is not there. @throws PERMISSION */
export async function listConfigFolder(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).sort();
  } catch (cause) {
    return absent(path, cause) ?? [];
  }
}

/** Paths of the files of a folder that end so, sorted. @throws PERMISSION */
export async function listConfigFiles(folder: string, ending: string): Promise<readonly string[]> {
  const names = await listConfigFolder(folder);
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

function absent(path: string, cause: unknown): undefined {
  const errno = errnoOf(cause);
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
  throw new SlipwayError(
    'PERMISSION',
    `error loading config file: ${path}: ${errno === 'EACCES' ? 'permission denied' : (errno ?? 'unreadable')}`,
    { hint: `make ${path} readable for this user`, cause },
  );
}

/** Decodes with the file's name in front of whatever is wrong with it. @throws CONFIG_INVALID */
export function decodeConfig<T>(path: string, decode: () => T, page = 'docs/registries.md'): T {
  try {
    return decode();
  } catch (cause) {
    if (isSlipwayError(cause, 'CONFIG_INVALID')) throw cause;
    const why = cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : String(cause);
    const place = placeIn(cause);
    throw new SlipwayError(
      'CONFIG_INVALID',
      `error loading config file: ${path}${place}: ${why.replace(`${path}: `, '').replace(/:$/, '')}`,
      { hint: `repair ${path}; ${page} says what is understood in it`, cause },
    );
  }
}

/** Parsers of TOML say where. */
function placeIn(cause: unknown): string {
  if (!(cause instanceof Error) || !('line' in cause) || !('column' in cause)) return '';
  return `:${String(cause.line)}:${String(cause.column)}`;
}
