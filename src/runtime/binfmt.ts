/**
 * What the kernel starts for programs it cannot run itself (Linux Documentation/admin-guide/
 * binfmt-misc.rst): the entries of binfmt_misc, read from its files.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const BINFMT_FOLDER = '/proc/sys/fs/binfmt_misc';

export interface BinfmtEntry {
  readonly name: string;
  readonly isEnabled: boolean;
  readonly interpreter: string;
  /** `F`: the interpreter was opened when it was registered, so it works inside other roots. */
  readonly isFixed: boolean;
  /** Undefined: it goes by the ending of the file's name. */
  readonly magic?: {
    readonly offset: number;
    readonly bytes: Buffer;
    /** Which bits of the bytes count; all where it is absent. */
    readonly mask?: Buffer;
  };
}

export interface Binfmt {
  /** `register` is there. */
  readonly isMounted: boolean;
  readonly isEnabled: boolean;
  readonly entries: readonly BinfmtEntry[];
}

export function readBinfmt(folder: string = BINFMT_FOLDER): Binfmt {
  const names = namesIn(folder);
  return {
    isMounted: names.includes('register'),
    isEnabled: textOf(join(folder, 'status'))?.trim() === 'enabled',
    entries: names
      .filter((name) => name !== 'register' && name !== 'status')
      .flatMap((name) => {
        const text = textOf(join(folder, name));
        return text === undefined ? [] : [parseEntry(name, text)];
      }),
  };
}

/** The entry that takes a program, by how its file begins; the kernel looks at enabled ones only. */
export function entryFor(program: Uint8Array, entries: readonly BinfmtEntry[]) {
  return entries.find(({ magic }) => {
    if (!magic) return false;
    const { offset, bytes, mask } = magic;
    return bytes.every((byte, i) => {
      const counts = mask?.[i] ?? 0xff;
      return ((program[offset + i] ?? 0) & counts) === (byte & counts);
    });
  });
}

function parseEntry(name: string, text: string): BinfmtEntry {
  const value = (key: string): string => new RegExp(`^${key}:? (.*)$`, 'm').exec(text)?.[1] ?? '';
  const [magic, mask] = [value('magic'), value('mask')];
  return {
    name,
    isEnabled: text.startsWith('enabled'),
    interpreter: value('interpreter'),
    isFixed: value('flags').includes('F'),
    ...(magic === ''
      ? {}
      : {
          magic: {
            offset: Number(value('offset')) || 0,
            bytes: Buffer.from(magic, 'hex'),
            ...(mask === '' ? {} : { mask: Buffer.from(mask, 'hex') }),
          },
        }),
  };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}
