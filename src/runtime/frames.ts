/**
 * Frames between us and `slipway-native serve`, over one stream socket: a pure codec. Little-endian:
 * length (4 bytes, of what follows), type (1), container (4), payload. native/README.md §Frames.
 */
import { SlipwayError } from '#core/errors.ts';

export const FRAME_PROTOCOL = 2;

/** Length (4), type (1), container (4). */
const HEAD_BYTES = 9;
const FIXED_BYTES = 5;
/** The helper sends at most 64 KiB of output in a frame, and status lines are shorter. */
const ANSWER_LENGTH_MAX = 128 * 1024;
/** The helper's own limit for one request. */
const REQUEST_PAYLOAD_MAX = 16 * 1024 - FIXED_BYTES;

const REQUESTS = { start: 1, signal: 2, pack: 3 } as const;
const ANSWERS = {
  16: 'hello',
  17: 'started',
  18: 'stdout',
  19: 'stderr',
  20: 'exited',
  21: 'error',
} as const;

export type RequestType = keyof typeof REQUESTS;
export type AnswerType = (typeof ANSWERS)[keyof typeof ANSWERS];

export interface AnswerFrame {
  readonly type: AnswerType;
  /** As given to the request; 0 for hello. */
  readonly container: number;
  /** A copy: the caller may keep it. */
  readonly payload: Uint8Array;
}

/** One request as bytes. @throws LAUNCH_FAILED when the payload is too long */
export function encodeRequest(
  type: RequestType,
  container: number,
  payload: Uint8Array,
): Uint8Array {
  if (payload.byteLength > REQUEST_PAYLOAD_MAX) {
    throw new SlipwayError('LAUNCH_FAILED', 'the path of the bundle is too long', {
      hint: 'use a store with a shorter path',
    });
  }
  const frame = Buffer.alloc(HEAD_BYTES + payload.byteLength);
  frame.writeUInt32LE(FIXED_BYTES + payload.byteLength, 0);
  frame.writeUInt8(REQUESTS[type], 4);
  frame.writeUInt32LE(container, 5);
  frame.set(payload, HEAD_BYTES);
  return frame;
}

/** Cuts a stream of bytes into frames; holds what is not yet whole. */
export class FrameReader {
  #waiting: Buffer = Buffer.alloc(0);

  /** The frames that are whole now. @throws HELPER_FAILED when it is not this protocol */
  *push(chunk: Uint8Array): Generator<AnswerFrame> {
    this.#waiting =
      this.#waiting.length === 0 ? view(chunk) : Buffer.concat([this.#waiting, chunk]);
    for (;;) {
      const frame = this.#next();
      if (!frame) break;
      yield frame;
    }
    // What stays may be a view of the caller's chunk.
    this.#waiting = Buffer.from(this.#waiting);
  }

  #next(): AnswerFrame | undefined {
    if (this.#waiting.length < HEAD_BYTES) return undefined;
    const length = this.#waiting.readUInt32LE(0);
    if (length < FIXED_BYTES || length > ANSWER_LENGTH_MAX) throw broken(`length ${length}`);
    const end = 4 + length;
    if (this.#waiting.length < end) return undefined;
    const type = answerType(this.#waiting.readUInt8(4));
    const container = this.#waiting.readUInt32LE(5);
    const payload = Uint8Array.prototype.slice.call(this.#waiting, HEAD_BYTES, end);
    this.#waiting = this.#waiting.subarray(end);
    return { type, container, payload };
  }
}

function view(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

function answerType(number: number): AnswerType {
  for (const [known, type] of Object.entries(ANSWERS)) if (Number(known) === number) return type;
  throw broken(`type ${number}`);
}

function broken(what: string): SlipwayError {
  return new SlipwayError('HELPER_FAILED', `the native helper sent a frame with ${what}`, {
    hint: 'the helper and this program are of different versions; build it again: make -C native',
  });
}
