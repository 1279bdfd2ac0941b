/** Which folders are scanned before any step: those that a COPY of a needed stage is sure to take. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scanEarly } from '#build/early-scans.ts';
import type { FileNode } from '#build/file-tree.ts';
import { planBuild } from '#build/plan.ts';
import { compilePatterns } from '#dockerfile/dockerignore.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { memoryTree } from '#test/helpers/memory-tree.ts';

const platform = { os: 'linux', architecture: 'amd64' };

async function scannedBy(text: string): Promise<readonly string[]> {
  const dockerfile = parseDockerfile({ name: 'Dockerfile', text });
  const plan = planBuild(dockerfile, { buildArgs: new Map(), platform, buildPlatform: platform });
  const scanned: string[] = [];
  const tree = memoryTree({ a: { f: '1' }, b: { deep: { f: '2' } }, file: '3' });
  // Folders are known by what they hold.
  const names: Readonly<Record<string, string>> = { f: 'a', deep: 'b', 'a,b,file': '.' };
  const prepare = async (nodes: readonly FileNode[]): Promise<void> => {
    scanned.push(...nodes.map((node) => names[tree.names(node).join()] ?? '?'));
  };
  const all = compilePatterns([]);
  const source = Object.assign(tree, { prepare, [Symbol.dispose]: () => undefined });
  await scanEarly(plan, { ignore: async () => all, tree: async () => source });
  return scanned;
}

for (const [name, text, expected] of [
  ['a folder', 'FROM scratch\nCOPY a /a', ['a']],
  ['all of the context', 'FROM scratch\nADD . /', ['.']],
  ['patterns and several sources', 'FROM scratch\nCOPY a* file b /x/', ['a', 'b']],
  ['no file: it is looked at when its step comes', 'FROM scratch\nCOPY file /', []],
  ['no other place', 'FROM scratch AS s\nCOPY a /a\nFROM scratch\nCOPY --from=s b /b', ['a']],
  ['no stage that nobody needs', 'FROM scratch\nCOPY a /a\nFROM scratch\nCOPY b /b', ['b']],
  ['no variable, for it may come to anything', 'FROM scratch\nARG X=a\nCOPY $X b /b/', ['b']],
  ['nothing of the remote', 'FROM scratch\nADD https://example.com/x /x', []],
  ['nothing of what is missing, which its step tells', 'FROM scratch\nCOPY no b /x/', []],
] as const) {
  test(`scanned early: ${name}`, async () => assert.deepEqual(await scannedBy(text), expected));
}
