/**
 * The client of `slipway-native serve`: one process that holds the mounts and starts containers with
 * their output relayed. Its lifetime is the object's; when it dies, so does every container.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { assert } from '#core/assert.ts';
import { SlipwayError } from '#core/errors.ts';
import {
  type AnswerFrame,
  encodeRequest,
  FRAME_PROTOCOL,
  FrameReader,
  type RequestType,
} from './frames.ts';
import { ended, helperEnded, helperMissing, lastWordsOf } from './helper-process.ts';
import { containerResult, launchError, parseStatusLine } from './launch-error.ts';
import type { ContainerResult, HelperAnswer } from './runtime.ts';

const SIGKILL = 9;

export interface ServedContainer {
  /** Absolute. */
  readonly bundle: string;
  readonly output: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;
  readonly signal?: AbortSignal;
}

interface Running {
  readonly output: ServedContainer['output'];
  readonly exit: PromiseWithResolvers<ContainerResult>;
}

export class ResidentHelper implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #socket: Socket;
  readonly #frames = new FrameReader();
  readonly #running = new Map<number, Running>();
  readonly #hello = Promise.withResolvers<void>();
  readonly #closed: Promise<void>;
  #lastNumber = 0;
  /** Why no request can be served any more. */
  #failure: SlipwayError | undefined;

  /**
   * `onEnd` is called once, when the process has ended, whatever the reason.
   * @throws HELPER_MISSING, HELPER_FAILED, ISOLATION_UNAVAILABLE
   */
  static async start(helper: string, onEnd: () => void): Promise<ResidentHelper> {
    const resident = new ResidentHelper(helper);
    void resident.#closed.then(onEnd);
    await resident.#hello.promise;
    resident.#hold();
    return resident;
  }

  private constructor(helper: string) {
    this.#process = spawn(helper, ['serve'], { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
    const socket = this.#process.stdio[3];
    const { stderr } = this.#process;
    assert(socket instanceof Socket && stderr, 'the helper has its socket and stderr');
    this.#socket = socket;
    const lastWords = lastWordsOf(stderr);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    // The end of the process says what went wrong; a broken pipe only that something did.
    socket.on('error', () => {});
    this.#closed = ended(this.#process).then(
      (exitCode) => this.#fail(helperEnded(exitCode, lastWords())),
      (cause: unknown) => this.#fail(helperMissing(helper, cause)),
    );
  }

  /**
   * Runs a container to its end. Aborting kills it; the promise rejects with
   * CANCELLED when it is gone.
   */
  async run({ bundle, ...relayed }: ServedContainer): Promise<ContainerResult> {
    return await this.#serve('start', Buffer.from(bundle), relayed);
  }

  /** Runs the helper's `pack` beside the containers. */
  async pack(args: readonly string[]): Promise<HelperAnswer> {
    const said: Record<'stdout' | 'stderr', Uint8Array[]> = { stdout: [], stderr: [] };
    const words = Buffer.from(args.map((word) => `${word}\0`).join(''));
    const { exitCode } = await this.#serve('pack', words, {
      output: (stream, bytes) => void said[stream].push(bytes),
    });
    const { stdout, stderr } = said;
    return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) };
  }

  async #serve(
    request: 'start' | 'pack',
    payload: Uint8Array,
    { output, signal }: Omit<ServedContainer, 'bundle'>,
  ): Promise<ContainerResult> {
    if (signal?.aborted) throw cancelled(signal);
    if (this.#failure) throw this.#failure;
    const number = ++this.#lastNumber;
    const exit = Promise.withResolvers<ContainerResult>();
    this.#running.set(number, { output, exit });
    const kill = (): void => this.#send('signal', number, Uint8Array.of(SIGKILL));
    signal?.addEventListener('abort', kill);
    try {
      this.#hold();
      this.#send(request, number, payload);
      const result = await exit.promise;
      if (!signal?.aborted) return result;
    } catch (error) {
      if (!signal?.aborted) throw error;
    } finally {
      signal?.removeEventListener('abort', kill);
      this.#running.delete(number);
      this.#hold();
    }
    throw cancelled(signal);
  }

  /** Kills what still runs (CANCELLED to its caller) and waits for the process to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#failure ??= new SlipwayError('CANCELLED', 'the runtime was closed');
    this.#refer('ref');
    this.#socket.destroy();
    await this.#closed;
  }

  #send(type: RequestType, number: number, payload: Uint8Array): void {
    this.#socket.write(encodeRequest(type, number, payload));
  }

  #receive(chunk: Uint8Array): void {
    try {
      for (const frame of this.#frames.push(chunk)) this.#take(frame);
    } catch (error) {
      // It does not keep to the protocol, or a caller's output function threw: no way to go on.
      this.#fail(
        error instanceof SlipwayError
          ? error
          : new SlipwayError('INTERNAL', 'output of a container could not be taken', {
              cause: error,
            }),
      );
      this.#socket.destroy();
    }
  }

  #take(frame: AnswerFrame): void {
    if (frame.type === 'hello') {
      this.#takeHello(frame.payload[0]);
      return;
    }
    const running = this.#running.get(frame.container);
    if (!running) return;
    if (frame.type === 'stdout' || frame.type === 'stderr') {
      running.output(frame.type, frame.payload);
      return;
    }
    const status = parseStatusLine(frame.payload);
    if (status.status === 'exited') running.exit.resolve(containerResult(status));
    if (status.status === 'error') running.exit.reject(launchError(status));
  }

  #takeHello(protocol: number | undefined): void {
    if (protocol === FRAME_PROTOCOL) {
      this.#hello.resolve();
      return;
    }
    throw new SlipwayError(
      'HELPER_FAILED',
      `the native helper speaks protocol ${protocol}, not ${FRAME_PROTOCOL}`,
      { hint: 'build it again: make -C native' },
    );
  }

  #fail(error: SlipwayError): void {
    this.#failure ??= error;
    this.#hello.reject(this.#failure);
    for (const { exit } of this.#running.values()) exit.reject(this.#failure);
  }

  /** An idle helper keeps no program from ending; one with containers does. */
  #hold(): void {
    this.#refer(this.#running.size > 0 ? 'ref' : 'unref');
  }

  /** Its stderr, too: the process has closed when that has ended. */
  #refer(how: 'ref' | 'unref'): void {
    const { stderr } = this.#process;
    const parts = [this.#process, this.#socket, ...(stderr instanceof Socket ? [stderr] : [])];
    for (const part of parts) part[how]();
  }
}

/** What `run` rejects with when its signal was aborted. */
export function cancelled(signal: AbortSignal): SlipwayError {
  return new SlipwayError('CANCELLED', 'the container was stopped', { cause: signal.reason });
}
