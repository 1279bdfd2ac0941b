/** The stick's way through the real command: inventory, difference, receipt, and a wrong guess. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { type CliOutcome, slipway } from '#test/helpers/cli-process.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

const LARGE = 200_000;

test('the far side says what it has, the near side sends the rest, a receipt comes back', async () => {
  using folder = tempFolder();
  await buildReleases(folder);
  const [here, there, path] = [folder.at('here'), folder.at('there'), folder.at('x.tar')];
  await good(here, 'save', '-o', path, 'app:1');
  assert.equal((await good(there, 'load', '-q', '-i', path)).stdout, 'Loaded image: app:1\n');
  await good(there, 'inventory', '-o', folder.at('have.json'));
  assert.ok(statSync(folder.at('have.json')).size < 300);
  const have = ['--have', folder.at('have.json')];
  const plan = await good(here, 'save', '--dry-run', ...have, 'app:2');
  assert.match(plan.stdout, /^IMAGE +PLATFORM +SIZE +UNIQUE +SHARED +LEFT OUT\napp:2 /);
  assert.match(plan.stdout, /^Left out: .* in 1 layer that the receiver has$/m);
  await good(here, 'save', ...have, '-o', path, 'app:2');
  assert.ok(statSync(path).size < LARGE);
  const receipt = folder.at('receipt.json');
  const loaded = await good(there, 'load', '-i', path, '--receipt', receipt);
  assert.equal(loaded.stdout, 'Loaded image: app:2\n');
  const [sent, arrived] = [await idOf(here, 'app:2'), await idOf(there, 'app:2')];
  assert.equal(arrived, sent);
  const next = await good(here, 'save', '--dry-run', '--format', 'json', '--have', receipt, 'app');
  const { leftOut }: { leftOut: { blobs: number } } = JSON.parse(next.stdout);
  assert.equal(leftOut.blobs, 1);
});

test('a wrong guess: exit code 1, what is missing, and the commands that help', async () => {
  using folder = tempFolder();
  await buildReleases(folder);
  const [here, there, path] = [folder.at('here'), folder.at('there'), folder.at('x.tar')];
  await good(here, 'save', '-o', folder.at('first.tar'), 'app:1');
  await good(here, 'save', '--have', folder.at('first.tar'), '-o', path, 'app:2');
  const { exitCode, stdout, stderr } = await slipway(['load', '-i', path], { root: there });
  assert.equal(exitCode, 1);
  assert.equal(stdout, '');
  assert.match(stderr, /^ERROR: 1 image is not complete in /);
  assert.match(stderr, /^ {2}app:2: layer 1 of 2 sha256:[0-9a-f]{64} \(\d+ bytes\)$/m);
  assert.match(
    stderr,
    /^ {2}fix: here: slipway inventory .*slipway save --have have\.json .* app:2/m,
  );
  assert.equal((await good(there, 'images', '-q')).stdout, '');
  await good(there, 'inventory', '-o', folder.at('have.json'));
  await good(here, 'save', '--have', folder.at('have.json'), '-o', folder.at('rest.tar'), 'app:2');
  const closed = await good(there, 'load', '-i', folder.at('rest.tar'));
  assert.equal(closed.stdout, 'Loaded image: app:2\n');
});

test('by ID: said on stderr, loaded without a name', async () => {
  using folder = tempFolder();
  await buildReleases(folder);
  const [here, there] = [folder.at('here'), folder.at('there')];
  const id = await idOf(here, 'app:1');
  const saved = await good(here, 'save', '-o', folder.at('x.tar'), id);
  assert.match(saved.stderr, /was saved without a name and will load as <none>/);
  const loaded = await good(there, 'load', '-i', folder.at('x.tar'));
  assert.equal(loaded.stdout, `Loaded image ID: ${id}\n`);
});

/** app:1 and app:2 over one large layer. */
async function buildReleases(folder: TempFolder): Promise<void> {
  const context = folder.at('context');
  mkdirSync(context);
  writeFileSync(`${context}/large`, randomBytes(LARGE));
  writeFileSync(`${context}/Dockerfile`, 'FROM scratch\nCOPY large /\nCOPY small /\n');
  for (const tag of ['1', '2']) {
    writeFileSync(`${context}/small`, `release ${tag}\n`);
    await good(folder.at('here'), 'build', '-q', '-t', `app:${tag}`, context);
  }
}

async function good(root: string, ...argv: readonly string[]): Promise<CliOutcome> {
  const outcome = await slipway(argv, { root });
  assert.equal(outcome.exitCode, 0, `slipway ${argv.join(' ')}\n${outcome.stderr}`);
  return outcome;
}

async function idOf(root: string, image: string): Promise<string> {
  return (await good(root, 'inspect', '-f', '{{.Id}}', image)).stdout.trim();
}
