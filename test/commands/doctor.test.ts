/** `doctor`: the page, the exit code, and the real thing on this machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Finding } from '#core/doctor.ts';
import { cannotRunContainers, withEngine } from '#test/helpers/engine.ts';
import { fakeEngine } from '#test/helpers/fake-engine.ts';
import { runCommand } from '#test/helpers/run-command.ts';

const GOOD: Finding = { name: 'kernel', status: 'ok', text: 'Linux 7' };
const SO_SO: Finding = { name: 'user', status: 'warn', text: 'one id', remedy: 'usermod' };
const BAD: Finding = { name: 'store', status: 'fail', text: 'full', remedy: 'prune' };

function doctor(findings: readonly Finding[], args: readonly string[] = []) {
  const engine = fakeEngine({ doctor: async () => ({ findings }) });
  return runCommand(['doctor', ...args], { engine });
}

test('a line each, and what to do below it', async () => {
  const { stdout, exitCode } = await doctor([GOOD, SO_SO]);
  assert.equal(stdout, 'ok    kernel  Linux 7\nwarn  user    one id\n              fix: usermod\n');
  assert.equal(exitCode, 0);
});

test('only failures fail', async () => {
  const { stdout, exitCode } = await doctor([GOOD, BAD]);
  assert.match(stdout, /^FAIL {2}store {3}full$/m);
  assert.equal(exitCode, 1);
});

test('as JSON, and by a template', async () => {
  const json = await doctor([GOOD, BAD], ['--format', 'json']);
  assert.deepEqual(JSON.parse(json.stdout), { findings: [GOOD, BAD] });
  assert.equal(json.exitCode, 1);
  const format = '{{range .Findings}}{{.Name}}={{.Status}} {{end}}';
  assert.equal((await doctor([GOOD], ['--format', format])).stdout, 'kernel=ok \n');
});

test('this machine: every question has an answer', async (t) => {
  const reason = cannotRunContainers();
  if (reason !== false) return t.skip(reason);
  await withEngine({}, async ({ engine }) => {
    const { findings } = await engine.doctor({ searchPath: '/usr/bin' });
    assert.deepEqual(
      findings.map(({ name }) => name),
      [
        'kernel',
        'helper',
        'isolation',
        'user',
        'user namespaces',
        'overlay',
        'EROFS',
        'cgroups',
        'store',
        'seccomp',
        'foreign platforms',
        'network helpers',
      ],
    );
  });
});

test('a helper that is not there is one failure, and the rest is told', async () => {
  await withEngine({ helper: '/nonexistent/helper' }, async ({ engine }) => {
    const { findings } = await engine.doctor();
    const helper = findings.find(({ name }) => name === 'helper');
    assert.deepEqual([helper?.status, helper?.remedy], ['fail', 'build it with: make -C native']);
    assert.ok(findings.some(({ name }) => name === 'store'));
  });
});
