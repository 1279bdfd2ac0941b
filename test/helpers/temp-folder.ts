/** A folder of a test's own, gone when the test is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempFolder extends Disposable {
  readonly path: string;
  /** A path inside. */
  at(...names: string[]): string;
}

/** `using folder = tempFolder()`; `under`: in this folder. */
export function tempFolder(under = tmpdir()): TempFolder {
  const path = mkdtempSync(join(under, 'slipway-test-'));
  return {
    path,
    at: (...names) => join(path, ...names),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
