/** The frame codec alone: requests byte for byte, answers in any pieces, and what is refused. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeRequest, FrameReader } from '#runtime/frames.ts';

function answer(type: number, container: number, payload: string): Buffer {
  const body = Buffer.from(payload);
  const frame = Buffer.alloc(9 + body.length);
  frame.writeUInt32LE(5 + body.length, 0);
  frame.writeUInt8(type, 4);
  frame.writeUInt32LE(container, 5);
  frame.set(body, 9);
  return frame;
}

function readAll(chunks: readonly Uint8Array[]): readonly string[] {
  const reader = new FrameReader();
  return chunks.flatMap((chunk) =>
    [...reader.push(chunk)].map(
      ({ type, container, payload }) => `${type} ${container} ${Buffer.from(payload)}`,
    ),
  );
}

test('a request is length, type, container and payload, little-endian', () => {
  const frame = encodeRequest('start', 0x01020304, Buffer.from('/b'));
  assert.deepEqual([...frame], [7, 0, 0, 0, 1, 4, 3, 2, 1, 0x2f, 0x62]);
});

test('answers are the same in one piece, byte by byte and in threes', () => {
  const stream = Buffer.concat([
    answer(16, 0, '\x01'),
    answer(18, 7, 'out'),
    answer(19, 7, ''),
    answer(20, 4_000_000_000, '{}'),
  ]);
  const whole = readAll([stream]);
  assert.deepEqual(whole, ['hello 0 \x01', 'stdout 7 out', 'stderr 7 ', 'exited 4000000000 {}']);
  for (const size of [1, 3]) {
    const pieces = Array.from({ length: Math.ceil(stream.length / size) }, (_, i) =>
      stream.subarray(i * size, (i + 1) * size),
    );
    assert.deepEqual(readAll(pieces), whole);
  }
});

test('what the reader holds back does not change with the caller’s buffer', () => {
  const frame = answer(18, 1, 'kept');
  const first = Buffer.from(frame.subarray(0, 11));
  const reader = new FrameReader();
  assert.deepEqual([...reader.push(first)], []);
  first.fill(0);
  const [got] = [...reader.push(frame.subarray(11))];
  assert.equal(Buffer.from(got?.payload ?? []).toString(), 'kept');
});

test('an unknown type, a length below the head and one beyond the limit are refused', () => {
  const tooShort = Buffer.alloc(9);
  tooShort.writeUInt32LE(4, 0);
  const tooLong = Buffer.alloc(9);
  tooLong.writeUInt32LE(128 * 1024 + 1, 0);
  for (const bytes of [answer(99, 1, ''), answer(1, 1, ''), tooShort, tooLong]) {
    assert.throws(() => readAll([bytes]), { code: 'HELPER_FAILED' });
  }
});

test('a bundle path that does not fit a request is refused', () => {
  assert.throws(() => encodeRequest('start', 1, Buffer.alloc(16 * 1024)), {
    code: 'LAUNCH_FAILED',
  });
});
