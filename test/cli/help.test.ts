/** The overview of all commands, as people see it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from '#cli/command-table.ts';
import { COMMAND_GROUPS, helpText } from '#cli/help.ts';

test('every command stands in one group', () => {
  const grouped = COMMAND_GROUPS.flatMap(([, ids]) => ids);
  assert.deepEqual(grouped.toSorted(), Object.keys(COMMANDS).toSorted());
});

test('the overview', async () => {
  const text = await helpText([]);
  assert.ok(
    text.startsWith(`Usage:  slipway [OPTIONS] COMMAND

Daemonless Dockerfile builder and registry toolkit

Common Commands:
  run                Run a command in a new container, in the foreground
  build              Build an image from a Dockerfile
`),
  );
  for (const [heading, ids] of COMMAND_GROUPS) {
    assert.ok(text.includes(`\n\n${heading}:\n  ${ids[0]?.replaceAll(':', ' ')} `), heading);
    for (const id of ids) assert.match(text, new RegExp(`\\n  ${id.replaceAll(':', ' ')} +[A-Z]`));
  }
  assert.ok(
    text.endsWith(`
Global Options:
  -D, --debug        Show where an error comes from, and requests to registries
      --root folder  Folder of the local store
      --help         Show help
  -v, --version      Show the version

Run 'slipway COMMAND --help' for more about a command.
docker's long names work, too: 'slipway image ls', 'slipway container run'.
`),
  );
});

test('a group: docker’s commands first, then those it does not have', async () => {
  const text = await helpText(['image']);
  assert.match(
    text,
    /^Usage: {2}slipway image COMMAND\n\nImages of the local store\n\nCommands:\n/,
  );
  const [docker = '', own = ''] = text.split('Files and Layers:\n');
  const names = (part: string): readonly string[] =>
    [...part.matchAll(/^ {2}([a-z-]+) {2,}/gm)].map(([, name = '']) => name);
  assert.deepEqual(names(docker), [
    ...['build', 'history', 'import', 'inspect', 'load', 'ls', 'prune', 'pull', 'push', 'rm'],
    ...['save', 'tag'],
  ]);
  assert.deepEqual(names(own), ['analyze', 'cat', 'cp', 'diff', 'ls-files']);
});

test('a group that has only docker’s long names', async () => {
  assert.match(
    await helpText(['container']),
    /^Usage: {2}slipway container COMMAND\n.*\n {2}run /s,
  );
});

test('a command in docker’s layout, by each of its names', async () => {
  const text = await helpText(['tag']);
  assert.equal(
    text,
    `Usage:  slipway tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]

Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE

Aliases:
  slipway tag, slipway image tag

Commands:
  tag rm   Remove tags in their registry, and keep what they name

Global Options:
  -D, --debug         Show where an error comes from, and requests to registries
      --help          Show help
      --root folder   Folder of the local store
`,
  );
});
