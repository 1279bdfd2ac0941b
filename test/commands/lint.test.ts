/** `lint` and the checks of `build`: files in, reports out, nothing built. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { SlipwayError } from '#core/errors.ts';
import { runCommand } from '#test/helpers/run-command.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const OLD = 'FROM scratch AS Base\nMAINTAINER me\nENV a b\n';
const GOOD = 'FROM scratch\nENV a=b\n';

test('findings under a frame with a caret; warnings alone are no failure', async () => {
  using folder = tempFolder();
  const file = folder.at('Dockerfile');
  writeFileSync(file, OLD);
  const { exitCode, stdout } = await runCommand(['lint', file]);
  assert.equal(exitCode, 0);
  assert.match(stdout, /2 \| >>> MAINTAINER me\n {5}\| {5}\^{13}\n/);
  assert.match(stdout, /warning\[MaintainerDeprecated\]/);
  assert.match(stdout, /^3 warnings \(3 can be fixed by --fix\)$/m);
});

test('--error, and error=true in the file, make warnings failures', async () => {
  using folder = tempFolder();
  const file = folder.at('Dockerfile');
  writeFileSync(file, OLD);
  assert.equal((await runCommand(['lint', '--error', file])).exitCode, 1);
  writeFileSync(file, `# check=error=true\n${OLD}`);
  assert.equal((await runCommand(['lint', file])).exitCode, 1);
  assert.equal((await runCommand(['lint', '--skip', 'all', file])).exitCode, 0);
});

test('a file that cannot be parsed has an error, and its other findings', async () => {
  using folder = tempFolder();
  const file = folder.at('Dockerfile');
  writeFileSync(file, `${OLD}COYP a b\n`);
  const { exitCode, stdout } = await runCommand(['lint', '--format', 'json', file]);
  assert.equal(exitCode, 1);
  const codes = (JSON.parse(stdout) as { code: string }[]).map(({ code }) => code);
  assert.ok(codes.includes('UnknownInstruction'), codes.join());
  assert.ok(codes.includes('MaintainerDeprecated'), codes.join());
});

test('--fix writes the file and reports what is left; a second time nothing changes', async () => {
  using folder = tempFolder();
  const file = folder.at('Dockerfile');
  writeFileSync(file, OLD);
  const first = await runCommand(['lint', '--fix', file]);
  assert.equal(first.stderr, `${file}: 3 fixed\n`);
  const fixed = 'FROM scratch AS base\nLABEL org.opencontainers.image.authors="me"\nENV a=b\n';
  assert.equal(readFileSync(file, 'utf8'), fixed);
  const second = await runCommand(['lint', '--fix', file]);
  assert.deepEqual(second, { exitCode: 0, stdout: 'No findings.\n', stderr: '' });
});

test('profiles: hadolint’s rules on request', async () => {
  using folder = tempFolder();
  const file = folder.at('Dockerfile');
  writeFileSync(file, 'FROM debian\nRUN true\n');
  assert.doesNotMatch((await runCommand(['lint', file])).stdout, /DL3006/);
  assert.match((await runCommand(['lint', '--profile', 'hadolint', file])).stdout, /DL3006/);
});

test('a missing file, an unknown format and --fix of standard input say what to do', async () => {
  using folder = tempFolder();
  const missing = await runCommand(['lint', folder.at('nothing')]);
  assert.equal(missing.exitCode, 1);
  assert.match(missing.stderr, /no such file or directory\n {2}.*fix: /s);
  assert.equal((await runCommand(['lint', '--format', 'xml'])).exitCode, 1);
});

test('build --check tells the findings in docker’s form, json on request', async () => {
  using folder = tempFolder();
  writeFileSync(folder.at('Dockerfile'), OLD);
  const text = await runCommand(['build', '--check', folder.path]);
  assert.equal(text.exitCode, 0);
  assert.match(
    text.stdout,
    /^Check complete, 3 warnings have been found!\n\nWARNING: StageNameCasing - https/,
  );
  const json = await runCommand(['build', '--call', 'check,format=json', folder.path]);
  assert.equal((JSON.parse(json.stdout) as { warnings: unknown[] }).warnings.length, 3);
  writeFileSync(folder.at('Dockerfile'), GOOD);
  const good = await runCommand(['build', '--check', folder.path]);
  assert.deepEqual(good, {
    exitCode: 0,
    stdout: 'Check complete, no warnings found.\n',
    stderr: '',
  });
});

test('build --check fails in docker’s words where the file asks for it', async () => {
  using folder = tempFolder();
  writeFileSync(folder.at('Dockerfile'), `# check=error=true\n${OLD}`);
  const { exitCode, stderr } = await runCommand(['build', '--check', folder.path]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /^ERROR: lint violation found for rules: /);
});

test('build --call=targets and outline; another call is refused', async () => {
  using folder = tempFolder();
  writeFileSync(folder.at('Dockerfile'), 'ARG V=1\nFROM scratch AS base\nFROM base AS app\n');
  const targets = await runCommand(['build', '--call=targets', folder.path]);
  assert.match(targets.stdout, /^TARGET +DESCRIPTION\nbase/);
  const outline = await runCommand(['build', '--call=outline', folder.path]);
  assert.match(outline.stdout, /TARGET: +app/);
  const bad = await runCommand(['build', '--call=dance', folder.path]);
  assert.equal(bad.exitCode, 1);
  assert.match(bad.stderr, /invalid value "dance" for --call/);
});

test('a Containerfile is found where there is no Dockerfile', async () => {
  using folder = tempFolder();
  writeFileSync(folder.at('Containerfile'), OLD);
  assert.match((await runCommand(['build', '--check', folder.path])).stdout, /Containerfile:1/);
});

test('Ctrl-C ends it while stdin stands still', async () => {
  const stop = new AbortController();
  const interrupts = { signal: stop.signal, exitCode: () => 130 };
  const run = runCommand(['lint', '-'], { interrupts });
  setImmediate(() => stop.abort(new SlipwayError('CANCELLED', 'interrupted')));
  assert.deepEqual(await run, { exitCode: 130, stdout: '', stderr: '' });
});

test('a Dockerfile on stdin', async () => {
  const { exitCode, stdout } = await runCommand(['lint', '-'], { input: OLD });
  assert.equal(exitCode, 0);
  assert.match(stdout, /^-:1\n/m);
  assert.match(stdout, /^3 warnings /m);
});
