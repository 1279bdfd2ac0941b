/** What the store's content takes, as `du` says: the oracle for every number we print. */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';

const CONTENT = [
  'blobs/*/*',
  'indexes/v1/*/*',
  'merged/v1/*/*',
  'folders/v1/*/*',
  'uploads/*',
  'ingest/*',
  'snapshots/*',
  'trash/*',
  'quarantine/*',
];
const OWN = ['stubs/v1', 'metadata.db', 'metadata.db-wal', 'metadata.db-shm'];

/** Bytes of content and of what is being written; `all`: also the store's own files. */
export function duOf(root: string, options: { readonly all?: boolean } = {}): number {
  const patterns = options.all ? [...CONTENT, ...OWN] : CONTENT;
  const paths = globSync(patterns, { cwd: root });
  if (paths.length === 0) return 0;
  const output = execFileSync('du', ['-scb', '--', ...paths], { cwd: root, encoding: 'utf8' });
  return Number(output.trimEnd().split('\n').at(-1)?.split('\t')[0]);
}
