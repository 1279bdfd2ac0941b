/**
 * The tables against the programs themselves: each option that their --help tells is known, with its
 * short form. What is not installed is skipped.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { GLOBAL_FLAGS } from '#cli/flags.ts';
import {
  BUILDAH_BUILD,
  BUILDAH_GLOBALS,
  PODMAN_BUILD,
  TRANSFER,
} from '#cli/shims/buildah-options.ts';
import { DOCKER_BUILD, DOCKER_GLOBALS } from '#cli/shims/docker-options.ts';
import { KANIKO } from '#cli/shims/kaniko-options.ts';
import { type OptionTable, ourOptions } from '#cli/shims/option-table.ts';
import Build from '../../../src/commands/build.ts';

const DOCKER_ALL: OptionTable = { ...ourOptions(Build.flags), ...DOCKER_BUILD };

const PROGRAMS: readonly (readonly [words: string, table: OptionTable])[] = [
  ['docker', DOCKER_GLOBALS],
  ['docker build', DOCKER_ALL],
  ['docker buildx build', DOCKER_ALL],
  ['buildah', BUILDAH_GLOBALS],
  ['buildah bud', BUILDAH_BUILD],
  ['buildah push', TRANSFER],
  ['buildah pull', TRANSFER],
  ['podman', BUILDAH_GLOBALS],
  ['podman build', PODMAN_BUILD],
  ['podman push', TRANSFER],
  ['podman pull', TRANSFER],
  ['podman save', TRANSFER],
  ['executor', KANIKO],
];

interface Told {
  readonly name: string;
  readonly char: string | undefined;
}

function optionsIn(help: string): readonly Told[] {
  const lines = help.matchAll(/^ +(?:-(\w), )?--([a-zA-Z][\w-]*)/gm);
  return [...lines]
    .map(([, char, name = '']) => ({ name, char }))
    .filter(({ name }) => name !== 'help');
}

describe('every option is known', () => {
  for (const [words, table] of PROGRAMS) {
    const [program = '', ...argv] = words.split(' ');
    const environment = { ...process.env, DOCKER_BUILDKIT: '0' };
    const { status, stdout } = spawnSync(program, [...argv, '--help'], { env: environment });
    const help = stdout?.toString() ?? '';
    // docker without the plugin shows its own help.
    const isThere = status === 0 && help.includes(argv.at(-1) === 'build' ? 'file' : '--');
    const isPlugin = argv.length < 2 || help.includes('--load');
    test(words, isThere && isPlugin ? {} : { skip: `needs ${words}: not installed` }, () => {
      const told = optionsIn(help);
      assert.ok(told.length > 3, help);
      const known = told.map(({ name }) => {
        const flag = table[name]?.flag;
        return { name: flag ? name : 'unknown', char: flag?.char };
      });
      // A short form that we have besides is no harm; one that they have must be the same.
      for (const [i, { name, char }] of told.entries()) {
        assert.equal(known[i]?.name, name, `${words} --${name}`);
        if (char !== undefined) assert.equal(known[i]?.char, char, `${words} --${name}`);
      }
    });
  }
});

describe('the tables', () => {
  for (const [words, table] of PROGRAMS) {
    test(`${words}: one meaning for a letter, none of help’s`, () => {
      const chars = Object.values(table).flatMap(({ flag }) => flag.char ?? []);
      assert.deepEqual(chars, [...new Set(chars)]);
      assert.ok(!chars.includes('h'));
      assert.ok(!Object.hasOwn(table, 'help'));
    });
  }

  test('what is passed on under another name is a flag of ours', () => {
    const ours = new Set([...Object.keys(Build.flags), ...Object.keys(GLOBAL_FLAGS)]);
    for (const [, table] of PROGRAMS) {
      for (const { effect } of Object.values(table)) {
        if (effect.kind !== 'passed' || effect.to === undefined) continue;
        assert.ok(ours.has(effect.to), effect.to);
      }
    }
  });
});
