/** What a lock answers and what it is after a build, by what the build is to do with it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lock, type LockRules } from '#build/lock/lock.ts';
import { EMPTY_LOCK, type LockDocument } from '#build/lock/lock-document.ts';
import { parseDigest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';
import { parseReference } from '#core/reference.ts';

const A = parseDigest(`sha256:${'a'.repeat(64)}`);
const B = parseDigest(`sha256:${'b'.repeat(64)}`);
const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM64 = { os: 'linux', architecture: 'arm64' };
const ALPINE = parseReference('alpine');
const NAME = 'docker.io/library/alpine:latest';
const BOTH: LockDocument = {
  ...EMPTY_LOCK,
  images: { [NAME]: { 'linux/amd64': A, 'linux/arm64': A } },
};

function lockOf(before: LockDocument | undefined, rules: Partial<LockRules> = {}): Lock {
  return new Lock('Dockerfile.lock', before, {
    mode: 'write',
    renew: false,
    keepUnused: false,
    ...rules,
  });
}

test('what is locked is answered, whatever the build is to do', () => {
  for (const mode of ['heed', 'write', 'frozen'] as const) {
    assert.equal(lockOf(BOTH, { mode }).image(ALPINE, ARM64), A);
  }
});

test('frozen, what is not locked is refused by name', () => {
  const lock = lockOf(undefined, { mode: 'frozen' });
  const told = (work: () => unknown, message: string) =>
    assert.throws(
      work,
      (error) => isSlipwayError(error, 'LOCK_OUTDATED') && error.message === message,
    );
  told(() => lock.image(ALPINE, AMD64), `${NAME} for linux/amd64 is not in Dockerfile.lock`);
  told(() => lock.file(new URL('http://h/x')), 'http://h/x is not in Dockerfile.lock');
  told(() => lock.commit('http://h/x.git', 'v1'), 'http://h/x.git#v1 is not in Dockerfile.lock');
  told(
    () => lock.image(parseReference('constructor'), AMD64),
    'docker.io/library/constructor:latest for linux/amd64 is not in Dockerfile.lock',
  );
});

test('else it is remembered for the warning', () => {
  const lock = lockOf(undefined, { mode: 'heed' });
  assert.equal(lock.file(new URL('http://h/x')), undefined);
  assert.equal(lock.commit('git@h:x', undefined), undefined);
  assert.deepEqual(lock.unlocked(), ['git@h:x#HEAD', 'http://h/x']);
});

test('renewing asks registries only, and everything when the lock is written', () => {
  const before = { ...BOTH, files: { 'http://h/x': A } };
  const heeding = lockOf(before, { mode: 'heed', renew: true });
  assert.equal(heeding.image(ALPINE, AMD64), undefined);
  assert.equal(heeding.file(new URL('http://h/x')), A);
  assert.deepEqual(heeding.unlocked(), []);
  assert.equal(lockOf(before, { renew: true }).file(new URL('http://h/x')), undefined);
});

test('what a build did not use goes, unless it built another target', () => {
  const before = { ...BOTH, files: { 'http://h/old': A } };
  const used = (rules: Partial<LockRules>) => {
    const lock = lockOf(before, rules);
    lock.usedFile(new URL('http://h/new'), B);
    return lock.after();
  };
  assert.deepEqual(used({}), { ...EMPTY_LOCK, files: { 'http://h/new': B } });
  assert.deepEqual(used({ keepUnused: true }), {
    ...before,
    files: { 'http://h/old': A, 'http://h/new': B },
  });
});

test('other platforms of an image stay as long as its name means the same', () => {
  const after = (digest: typeof A) => {
    const lock = lockOf(BOTH);
    lock.usedImage(ALPINE, AMD64, digest);
    return lock.after().images[NAME];
  };
  assert.deepEqual(after(A), { 'linux/amd64': A, 'linux/arm64': A });
  assert.deepEqual(after(B), { 'linux/amd64': B });
});

test('no password gets into it', () => {
  const lock = lockOf(undefined);
  lock.usedFile(new URL('https://me:pass@h/x?y=1#z'), A);
  lock.usedCommit('https://me:pass@h/x.git', 'main', 'c'.repeat(40));
  assert.deepEqual(lock.after(), {
    images: {},
    files: { 'https://h/x?y=1': A },
    git: { 'https://h/x.git#main': 'c'.repeat(40) },
  });
});
