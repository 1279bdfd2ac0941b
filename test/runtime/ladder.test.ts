/** Which rung follows from what was found, and what is said about those above it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseRung, type LadderInput, nextBetter, noRung, rungName } from '#runtime/ladder.ts';
import type { Attempt, Probe } from '#runtime/probe.ts';

const WORKS: Attempt = { works: true };

function fails(call: string, hint = ''): Attempt {
  const error = { exitCode: 125, stage: 'probe', call, errno: 'EPERM', path: '', hint };
  return { works: false, error: { ...error, reason: 'operation not permitted' } };
}

const ROOT: Probe = {
  erofs: 'file',
  erofsFile: WORKS,
  erofsRamfs: WORKS,
  erofsLoop: WORKS,
  overlay: WORKS,
  userNamespace: WORKS,
  container: WORKS,
  chroot: WORKS,
  inUserNamespace: false,
  cgroup: { version: 'none', v1: [], v2: [] },
};
const NO_EROFS = { erofs: 'none', erofsFile: fails('mount erofs') } as const;
const INSIDE = { ...NO_EROFS, inUserNamespace: true } as const;

function input(probe: Partial<Probe>, more: Partial<LadderInput> = {}): LadderInput {
  const switches = {
    maxUserNamespaces: 1,
    unprivilegedClone: undefined,
    apparmorRestricts: undefined,
  };
  return { probe: { ...ROOT, ...probe }, isolation: 'auto', roots: 'auto', switches, ...more };
}

function chosen(probe: Partial<Probe>, more: Partial<LadderInput> = {}): string {
  const { rung } = chooseRung(input(probe, more));
  return rung ? rungName(rung) : 'none';
}

test('the best rung that works is taken', () => {
  assert.equal(chosen({}), 'namespaces + EROFS');
  assert.equal(chosen(NO_EROFS), 'namespaces + overlay over folders');
  assert.equal(chosen(INSIDE), 'user namespace + overlay over folders');
});

test('what the user chooses leaves the others out', () => {
  assert.equal(chosen({}, { roots: 'folders' }), 'namespaces + overlay over folders');
  assert.equal(chosen(NO_EROFS, { roots: 'erofs' }), 'none');
  assert.equal(chosen(INSIDE, { isolation: 'namespaces' }), 'none');
});

test('the rungs above say why not', () => {
  const { obstacles } = chooseRung(input(INSIDE));
  assert.deepEqual(
    obstacles.map(({ rung, reason, remedy }) => [rungName(rung), reason, remedy]),
    [
      ['namespaces + EROFS', 'not root of this machine', 'run as root'],
      ['namespaces + overlay over folders', 'not root of this machine', 'run as root'],
    ],
  );
});

test('the next better rung is one of the same isolation, if there is any', () => {
  const next = (probe: Partial<Probe>): string => {
    const better = nextBetter(chooseRung(input(probe)));
    return better ? rungName(better.rung) : 'none';
  };
  assert.equal(next({}), 'none');
  assert.equal(next(NO_EROFS), 'namespaces + EROFS');
  assert.equal(
    next({ ...INSIDE, overlay: fails('mount overlay') }),
    'user namespace + overlay over folders',
  );
});

test('where there is none, the error has them all, and the line that helps', () => {
  const container = fails('clone3', 'run as root');
  const userNamespace = { ids: 'none', errno: 28, reason: 'unshare CLONE_NEWUSER' } as const;
  const nothing = { ...NO_EROFS, container, chroot: fails('chroot'), overlay: fails('clone3') };
  const error = noRung(chooseRung(input(nothing, { userNamespace })));
  assert.equal(error.code, 'ISOLATION_UNAVAILABLE');
  for (const part of [
    'namespaces + EROFS: clone3: operation not permitted',
    'user namespace + overlay over folders: unshare CLONE_NEWUSER: the limit of user namespaces is reached',
  ]) {
    assert.ok(error.message.includes(part), error.message);
  }
});
