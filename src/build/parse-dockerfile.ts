/**
 * A Dockerfile parsed, by a parser that is loaded only for a text never seen: starting it takes
 * longer than everything else that a cached build does before its first step.
 */
import type { SourceFile } from '#core/source.ts';
import type { Dockerfile } from '#dockerfile/ast.ts';
import { keepParsed, readParsed } from '#store/parsed-files.ts';

/** Set by bin/bundle.ts to a digest of the bundled parser, so that no change to it is forgotten. */
declare const SLIPWAY_PARSER_VERSION: string | undefined;

export interface ParseMemory {
  /** The store's root; parsed files are kept in it (parsed-files.ts). */
  readonly root: string;
  /** Default: the bundle's own. Sources may change at any moment: run from them, nothing is kept. */
  readonly version?: string;
}

/** The same as `parseDockerfile`, which see; without a memory it is parsed in any case. */
export async function parseFile(file: SourceFile, memory?: ParseMemory): Promise<Dockerfile> {
  const version = memory?.version ?? bundledVersion();
  const key = version === undefined ? undefined : { text: file.text, version };
  const known = memory && key && readParsed(memory.root, key);
  if (known !== undefined) return restored(file, known);
  const { parseDockerfile } = await import('#dockerfile/parser.ts');
  const dockerfile = parseDockerfile(file);
  const { file: _, ...parsed } = dockerfile;
  if (memory && key) keepParsed(memory.root, key, parsed);
  return dockerfile;
}

function bundledVersion(): string | undefined {
  return typeof SLIPWAY_PARSER_VERSION === 'string' ? SLIPWAY_PARSER_VERSION : undefined;
}

/** What this version of the parser made is what this version reads: plain data, as JSON keeps it. */
function restored(file: SourceFile, parsed: unknown): Dockerfile {
  return { file, ...(parsed as Omit<Dockerfile, 'file'>) };
}
