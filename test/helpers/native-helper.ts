/** The built native helper, for tests that need it. */
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NativeHelper } from '#layer/native.ts';

export const HELPER_PROGRAM = fileURLToPath(
  new URL('../../native/build/slipway-native', import.meta.url),
);

/** Undefined after skipping the test aloud. */
export function nativeHelper(t: TestContext): NativeHelper | undefined {
  if (existsSync(HELPER_PROGRAM)) return new NativeHelper(HELPER_PROGRAM);
  t.skip('needs native/build/slipway-native: make -C native');
  return undefined;
}
