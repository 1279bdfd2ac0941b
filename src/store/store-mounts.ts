/**
 * Which processes have a file of the store mounted: merged images and unpacked layers are mounted in
 * mount namespaces of their own, so each process's own list is looked at, and the loop devices.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface StoreMount {
  readonly kind: 'mount';
  readonly pid: number;
  /** In the mount namespace of that process. */
  readonly mountPoint: string;
}

/**
 * Mounts that have the path as their source, as a lower folder, or behind a loop device. The tars of an
 * EROFS mount are further devices of it, which no list of mounts tells: `loopsOf` does.
 */
export function mountsOf(path: string): readonly StoreMount[] {
  const loops = loopDevicesOf(path);
  const sources = [path, ...loops.map(({ name }) => name)];
  const numbers = new Set(loops.map(({ number }) => number));
  const found = new Map<string, StoreMount>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    for (const line of linesOf(join('/proc', name, 'mountinfo'))) {
      const fields = line.split(' ');
      const text = unescapeOctal(line);
      const mountPoint = unescapeOctal(fields[4] ?? '');
      // Our launcher mounts by descriptor: the source then is a number of its own, the device is not.
      const isSource = sources.some((source) => namesSource(text, source));
      if (!isSource && !numbers.has(fields[2] ?? '')) continue;
      // Processes of one container share its mounts: the mount's number tells.
      const key = `${fields[0]} ${mountPoint}`;
      if (!found.has(key)) found.set(key, { kind: 'mount', pid: Number(name), mountPoint });
    }
  }
  return [...found.values()];
}

/** Loop devices over the path. They clear themselves: one that is there is in use. */
export function loopsOf(path: string): readonly { kind: 'loop'; device: string }[] {
  return loopDevicesOf(path).map(({ name }) => ({ kind: 'loop', device: name }));
}

/** As a whole word: between blanks, `=`, `,` and `:`, as sources and lower folders are written. */
function namesSource(line: string, source: string): boolean {
  for (let at = line.indexOf(source); at >= 0; at = line.indexOf(source, at + 1)) {
    const before = line[at - 1] ?? ' ';
    const after = line[at + source.length] ?? ' ';
    if (/[\s=,:]/.test(before) && /[\s,:]/.test(after)) return true;
  }
  return false;
}

interface LoopDevice {
  readonly name: string;
  /** As in mountinfo: major:minor. */
  readonly number: string;
}

function loopDevicesOf(path: string): readonly LoopDevice[] {
  return entriesOf('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .filter((name) => linesOf(`/sys/block/${name}/loop/backing_file`)[0] === path)
    .map((name) => ({ name: `/dev/${name}`, number: linesOf(`/sys/block/${name}/dev`)[0] ?? '' }));
}

/** mountinfo writes blanks and backslashes as octal numbers (proc(5)). */
function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // no sysfs here
  }
}

/** Nothing for what is gone or somebody else's. */
function linesOf(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n');
  } catch {
    return [];
  }
}
