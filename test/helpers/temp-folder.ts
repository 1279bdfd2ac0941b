/** A folder of a test's own, gone when the test is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempFolder extends Disposable {
  readonly path: string;
  /** A path inside. */
  at(...names: string[]): string;
}

/** `using folder = tempFolder()`. */
export function tempFolder(): TempFolder {
  const path = mkdtempSync(join(tmpdir(), 'slipway-test-'));
  return {
    path,
    at: (...names) => join(path, ...names),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
