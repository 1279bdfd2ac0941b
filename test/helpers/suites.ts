/** Reads the shared data of other projects beside the checkout; absent there, tests skip aloud. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../../../shared/suites');

export function hasSuites(): boolean {
  return existsSync(ROOT);
}

export function suitePath(...names: string[]): string {
  return join(ROOT, ...names);
}

export function readSuiteText(...names: string[]): string {
  return readFileSync(suitePath(...names), 'utf8');
}

/** The document as the caller knows it to be: the shape is fixed by the suite's README. */
export function readSuite<T>(...names: string[]): T {
  return JSON.parse(readSuiteText(...names)) as T;
}

export function readCases<T>(...names: string[]): readonly T[] {
  return readSuite<{ readonly cases: readonly T[] }>(...names).cases;
}
