/** What the store's content takes, as `du` says: the oracle for every number we print. */
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';

const CONTENT = [
  'blobs/*/*',
  'indexes/v1/*/*',
  'merged/v1/*/*',
  'folders/v1/*/*',
  'builds/*',
  'uploads/*',
  'ingest/*',
  'snapshots/*',
  'trash/*',
  'quarantine/*',
];

/** Bytes of content and of what is being written, whatever lies around it. */
export function duOf(root: string): number {
  const paths = globSync(CONTENT, { cwd: root });
  return paths.length === 0 ? 0 : du(root, '-scb', '--', ...paths);
}

/** Bytes of the whole store. */
export function duOfAll(root: string): number {
  return du(root, '-sb', '.');
}

function du(cwd: string, ...argv: readonly string[]): number {
  const output = execFileSync('du', argv, { cwd, encoding: 'utf8' });
  return Number(output.trimEnd().split('\n').at(-1)?.split('\t')[0]);
}
