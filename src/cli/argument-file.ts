/** `--build-arg-file`: build arguments from files, a `NAME=value` a line, as buildah reads them. */
import { readFileSync } from 'node:fs';
import { errnoOf, SlipwayError } from '#core/errors.ts';

/** The files' lines, in order. Empty lines and those that begin with # say nothing. @throws FILE_MISSING, USAGE */
export function argumentWords(files: readonly string[]): readonly string[] {
  return files.flatMap((file) => linesOf(file).map((line) => checked(file, line)));
}

function linesOf(file: string): readonly string[] {
  const lines = read(file).split(/\r?\n/);
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

function checked(file: string, line: string): string {
  if (line.indexOf('=') > 0) return line;
  throw new SlipwayError('USAGE', `${file}: no build argument: ${line}`, {
    hint: 'write NAME=value, one a line',
    detail: { path: file },
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new SlipwayError('FILE_MISSING', `cannot read build arguments from ${file}`, {
      hint: `check the path and its mode (${errnoOf(cause) ?? 'unreadable'})`,
      cause,
      detail: { path: file },
    });
  }
}
