/** Dockerfile.lock as text: the same bytes for the same lock, and refusals that say where. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  decodeLock,
  EMPTY_LOCK,
  encodeLock,
  type LockDocument,
} from '#build/lock/lock-document.ts';
import { parseDigest } from '#core/digest.ts';
import { isSlipwayError } from '#core/errors.ts';

const A = parseDigest(`sha256:${'a'.repeat(64)}`);
const B = parseDigest(`sha256:${'b'.repeat(64)}`);
const COMMIT = 'c'.repeat(40);

const LOCK: LockDocument = {
  images: {
    'docker.io/library/debian:12': { 'linux/arm64': B, 'linux/amd64': A },
    'docker.io/library/alpine:3': { 'linux/amd64': A },
  },
  files: { 'https://host/x': B },
  git: { 'https://host/x.git#main': COMMIT },
};

test('sorted, an entry a line, and read back the same', () => {
  const text = encodeLock(LOCK);
  assert.equal(
    text,
    `{
  "version": 1,
  "images": {
    "docker.io/library/alpine:3": {
      "linux/amd64": "${A}"
    },
    "docker.io/library/debian:12": {
      "linux/amd64": "${A}",
      "linux/arm64": "${B}"
    }
  },
  "files": {
    "https://host/x": "${B}"
  },
  "git": {
    "https://host/x.git#main": "${COMMIT}"
  }
}
`,
  );
  assert.deepEqual(decodeLock(text, 'Dockerfile.lock'), LOCK);
  assert.deepEqual(decodeLock(encodeLock(EMPTY_LOCK), 'x'), EMPTY_LOCK);
});

const refused: readonly (readonly [name: string, text: string, message: RegExp])[] = [
  ['a merge that nobody finished', '<<<<<<< HEAD\n{}', /D\.lock is not valid JSON/],
  ['another version', '{"version": 2}', /D\.lock: \/version must be 1/],
  ['no version', '{}', /\/version must be 1/],
  ['a part nobody knows', '{"version": 1, "images2": {}}', /\/images2 must be left out/],
  ['a short digest', '{"version": 1, "files": {"u": "sha256:ab"}}', /\/files\/u must be a digest/],
  [
    'an image without platforms',
    `{"version": 1, "images": {"a": "${A}"}}`,
    /\/images\/a must be an object/,
  ],
  [
    'a branch for a commit',
    '{"version": 1, "git": {"r#main": "main"}}',
    /\/git\/r#main must be the whole name of a commit/,
  ],
];
for (const [name, text, message] of refused) {
  test(`refused: ${name}`, () =>
    assert.throws(
      () => decodeLock(text, 'D.lock'),
      (error) => isSlipwayError(error, 'LOCK_INVALID') && message.test(error.message),
    ));
}
