/**
 * Parsed Dockerfiles, kept beside the store so that the parser, slow to start, is loaded only for a
 * text never seen. Derived data: whatever is wrong with a file here means that it is not there, and
 * where nothing can be written nothing is kept. Reading needs no database and no node:crypto, which
 * takes 12 ms to load: a file is named by a quick hash, and the text itself in it is what decides.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf } from '#core/errors.ts';
import { dropOldest } from './oldest-files.ts';

/** A longer text is parsed each time, and costs more than the start of the parser. */
const MAX_TEXT_LENGTH = 1 << 16;

/** With so many files the older half goes. */
const MAX_FILES = 128;

/** What a parsed text depends on. */
export interface ParsedKey {
  readonly text: string;
  /** The parser's; another one's result does not count. */
  readonly version: string;
}

/** The folder within a store's root. `v1` is the form of the files. */
export function parsedFolder(root: string): string {
  return join(root, 'parsed/v1');
}

/** What was kept for exactly this text and version, or undefined. */
export function readParsed(root: string, key: ParsedKey): unknown {
  if (key.text.length > MAX_TEXT_LENGTH) return undefined;
  try {
    const kept: unknown = JSON.parse(readFileSync(pathOf(root, key), 'utf8'));
    return isKept(kept) && kept.version === key.version && kept.text === key.text
      ? kept.parsed
      : undefined;
  } catch (error) {
    // Cut off by a crash, never kept, or not ours to read: the parser makes it again.
    if (error instanceof SyntaxError || errnoOf(error) !== undefined) return undefined;
    throw error;
  }
}

/** Keeps plain data for a text. Makes the store's root where only that is missing. */
export function keepParsed(root: string, key: ParsedKey, parsed: object): void {
  if (key.text.length > MAX_TEXT_LENGTH) return;
  const folder = parsedFolder(root);
  try {
    for (const path of [root, dirname(folder), folder]) makeFolder(path);
    replaceFile(pathOf(root, key), JSON.stringify({ ...key, parsed }));
    dropOldest(folder, MAX_FILES);
  } catch (error) {
    // A read-only store or a full disk: the next run parses again.
    if (errnoOf(error) === undefined) throw error;
  }
}

/** Whole or not at all for those who read it, and nothing of it left where that fails. */
function replaceFile(path: string, text: string): void {
  // A process number alone may be in use twice: containers may share a store.
  const fresh = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}`;
  try {
    writeFileSync(fresh, text, { flag: 'wx' });
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  }
}

/** As the store makes it: a new root is its owner's alone. */
function makeFolder(path: string): void {
  if (!existsSync(path)) mkdirSync(path, { mode: 0o700 });
}

function pathOf(root: string, { text }: ParsedKey): string {
  return join(parsedFolder(root), `${quickHash(text)}.json`);
}

interface Kept extends ParsedKey {
  readonly parsed: unknown;
}

function isKept(value: unknown): value is Kept {
  return typeof value === 'object' && value !== null && 'parsed' in value;
}

/**
 * FNV-1a over the length and some hundred UTF-16 units from all over the text, eight hex digits: a
 * name and no more. Of texts with the same one, mostly an older and a newer state of one file, the
 * last is kept.
 */
function quickHash(text: string): string {
  const step = Math.ceil(text.length / 256);
  let hash = Math.imul(0x811c9dc5 ^ text.length, 0x01000193);
  for (let at = 0; at < text.length; at += step) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
