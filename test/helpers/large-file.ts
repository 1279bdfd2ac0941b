/** A large file that takes no room on the disk of the test. */
import { truncateSync, writeFileSync } from 'node:fs';

const MEBIBYTE = 1024 * 1024;

export function largeFile(path: string, mebibytes = 512): void {
  writeFileSync(path, 'x');
  truncateSync(path, mebibytes * MEBIBYTE);
}
