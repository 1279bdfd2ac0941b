/**
 * The native helper's pack, unpack and scan: spawns the binary, reads its result from stdout and its
 * reports (JSON lines) from stderr. Running containers is runtime/'s affair, over another protocol.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { ByteString } from '#core/bytes.ts';
import { parseDigest } from '#core/digest.ts';
import { errnoOf, SlipwayError } from '#core/errors.ts';
import { ObjectReader, parseJson } from '#core/json.ts';
import {
  changedFile,
  errnoName,
  type FolderWarning,
  refusedEntry,
  systemError,
  unmappedOwner,
} from './folder-errors.ts';
import type { PackOptions, PackResult } from './pack.ts';
import { encodePackList, type PackList } from './pack-list.ts';
import type { ScanOptions, ScanResult } from './scan.ts';
import { scanResultOf } from './scan-records.ts';
import type { UnpackOptions, UnpackResult } from './unpack.ts';

/** One built `slipway-native`; holds nothing, each call is a process of its own. */
export class NativeHelper {
  readonly program: string;

  /** @param program path of the executable; whether it can run shows at the first call */
  constructor(program: string) {
    this.program = program;
  }

  /**
   * Like `packFolder`, extended attributes included. `resident` is asked first: it has a process already,
   * or gives undefined. @throws as packFolder; HELPER_MISSING, HELPER_FAILED
   */
  async pack(
    options: PackOptions,
    resident?: (args: readonly string[]) => Promise<Answer | undefined>,
  ): Promise<PackResult> {
    const args = ['--folder', options.folder, '--output', options.output];
    if (options.index !== undefined) args.push('--index', options.index);
    if (options.overlay) args.push('--overlay');
    if (options.sourceDateEpoch !== undefined) {
      args.push('--source-date-epoch', String(options.sourceDateEpoch));
    }
    const answer = await resident?.(args);
    return packResultOf(answer ? outputOf('pack', answer) : await this.#run('pack', args, options));
  }

  /**
   * Like writeLayer, into files of the caller's; what the list names is read meanwhile.
   * @throws as writeLayer; UnlistableEntry, FILE_CHANGED, HELPER_MISSING, HELPER_FAILED
   */
  async packList(options: {
    readonly list: PackList;
    readonly output: string;
    readonly index: string;
    readonly signal?: AbortSignal;
  }): Promise<PackResult> {
    const args = ['--list', '--output', options.output, '--index', options.index];
    const stdin = encodePackList(options.list);
    return packResultOf(await this.#run('pack', args, { ...options, stdin }));
  }

  /**
   * Like `unpackTar`, with whiteouts, devices and extended attributes.
   * @throws as unpackTar; HELPER_MISSING, HELPER_FAILED
   */
  async unpack(options: UnpackOptions): Promise<UnpackResult> {
    const args = ['--tar', options.tar, '--folder', options.folder];
    if (options.before !== undefined) args.push('--before', options.before);
    if (options.userXattr) args.push('--user-xattr');
    const { stdout, warnings } = await this.#run('unpack', args, options);
    const result = new ObjectReader(parseJson(stdout, 'result of unpack'), 'result of unpack');
    return { entries: result.size('entries'), warnings };
  }

  /** Remembers in a file what a folder is, for {@link changes}; the file lies on the same disk. */
  async record(options: { readonly folder: string; readonly output: string }): Promise<void> {
    await this.#run('record', ['--folder', options.folder, '--output', options.output], {});
  }

  /**
   * Makes of a recorded folder, in place, what has changed in it since, in overlay's form. What is
   * excluded does not count, and goes. @throws HELPER_MISSING, HELPER_FAILED, PERMISSION
   */
  async changes(options: {
    readonly folder: string;
    readonly record: string;
    readonly excluded: readonly string[];
  }): Promise<void> {
    const args = ['--folder', options.folder, '--record', options.record];
    const stdin = options.excluded.map((path) => `${path}\0`).join('');
    await this.#run('changes', args, { stdin });
  }

  /**
   * Deletes a folder after this process has gone on, or ended: nobody waits for it. False when no
   * process could be started, and nothing was done.
   */
  async removeLater(folder: string): Promise<boolean> {
    const child = spawn(this.program, ['remove', folder], {
      stdio: 'ignore',
      env: {},
      cwd: '/',
      detached: true,
    });
    const isStarted = await new Promise<boolean>((resolve) => {
      child.once('spawn', () => resolve(true));
      child.once('error', () => resolve(false));
    });
    child.unref();
    return isStarted;
  }

  /** Like `scanFolder`. @throws as scanFolder; HELPER_MISSING, HELPER_FAILED */
  async scan(options: ScanOptions): Promise<ScanResult> {
    const args = ['--root', options.root];
    if (options.cacheFile !== undefined) args.push('--cache', options.cacheFile);
    if (options.only !== undefined) args.push('--only');
    const stdin = (options.only ?? options.skip ?? []).map((path) => `${path}\0`).join('');
    const { stdout, warnings } = await this.#run('scan', args, { ...options, stdin });
    return Object.assign(scanResultOf(stdout), { warnings });
  }

  async #run(
    command: string,
    args: readonly string[],
    options: { readonly signal?: AbortSignal; readonly stdin?: string | Iterable<Buffer> },
  ): Promise<Output> {
    options.signal?.throwIfAborted();
    const child = spawn(this.program, [command, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {},
      ...(options.signal === undefined ? {} : { signal: options.signal, killSignal: 'SIGKILL' }),
    });
    const [exit, stdout, stderr, failure] = await Promise.all([
      exitOf(child),
      bytesOf(child.stdout),
      bytesOf(child.stderr),
      feed(child.stdin, options.stdin ?? ''),
    ]);
    options.signal?.throwIfAborted();
    if (exit.error !== undefined) throw helperMissing(this.program, exit.error);
    if (failure) throw failure.cause;
    return outputOf(command, { exitCode: exit.code, signal: exit.signal, stdout, stderr });
  }
}

/** What a command said, and how it ended. */
interface Answer {
  readonly exitCode: number | null;
  readonly signal?: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** @throws what the reports tell of, HELPER_FAILED */
function outputOf(command: string, answer: Answer): Output {
  const { exitCode, signal = null, stdout, stderr } = answer;
  const reports = stderr
    .toString('latin1')
    .split('\n')
    .filter((line) => line !== '');
  if (exitCode !== 0) throw failureOf(command, reports, { code: exitCode, signal });
  return {
    stdout,
    warnings: reports.map(parseReport).map(({ message, path }) => ({ message, path })),
  };
}

interface Output {
  readonly stdout: Buffer;
  readonly warnings: FolderWarning[];
}

function packResultOf({ stdout, warnings }: Output): PackResult {
  const result = new ObjectReader(parseJson(stdout, 'result of pack'), 'result of pack');
  return {
    digest: parseDigest(result.string('digest')),
    size: result.size('size'),
    entries: result.size('entries'),
    warnings,
  };
}

/** What kept us from writing it all, unless the helper ended before: then its exit says why. */
async function feed(
  stdin: Writable,
  input: string | Iterable<Buffer>,
): Promise<{ readonly cause: unknown } | undefined> {
  const closed = new Promise<void>((resolve) => stdin.once('close', resolve));
  stdin.on('error', () => undefined);
  try {
    for (const piece of typeof input === 'string' ? [Buffer.from(input, 'latin1')] : input) {
      if (stdin.destroyed) break;
      if (stdin.write(piece)) continue;
      await Promise.race([new Promise<void>((resolve) => stdin.once('drain', resolve)), closed]);
    }
    return undefined;
  } catch (cause) {
    return { cause };
  } finally {
    stdin.end();
  }
}

/** What `buffer` of node:stream/consumers does, which goes through a Blob: 10 ms more for 20,000 records. */
async function bytesOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The program could not be started. */
  readonly error?: Error;
}

function exitOf(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

/** One line of stderr; see native/src/report.h. */
interface Report {
  readonly kind: string;
  readonly call: string;
  readonly errno: number;
  readonly message: string;
  readonly path: ByteString;
}

function parseReport(line: string): Report {
  const what = 'report of the helper';
  const reader = new ObjectReader(parseJson(line, what), what);
  return {
    kind: reader.string('kind'),
    call: reader.string('call'),
    errno: reader.size('errno'),
    message: reader.string('message'),
    // Already one character a byte: the helper escapes every byte from 0x7f.
    path: reader.string('path') as ByteString,
  };
}

/** The first failure is what stopped it; what comes after follows from it. */
function failureOf(command: string, lines: readonly string[], exit: Exit): SlipwayError {
  const report = lines
    .filter((line) => line.startsWith('{'))
    .map(parseReport)
    .find(isFailure);
  switch (report?.kind) {
    case 'system':
      return systemError({ errno: errnoName(report.errno), call: report.call, path: report.path });
    case 'refused':
      return refusedEntry(report.message, report.path);
    case 'changed':
      return changedFile(report.path);
    case 'unmapped':
      return unmappedOwner(report.message, report.path);
    case 'archive':
      return new SlipwayError('ARCHIVE_INVALID', `damaged archive: ${report.message}`, {
        hint: 'fetch or make the archive again',
      });
    default: {
      const how = exit.signal === null ? `code ${exit.code}` : `signal ${exit.signal}`;
      return new SlipwayError('HELPER_FAILED', `slipway-native ${command} ended with ${how}`, {
        hint: 'this is a bug in slipway; please report it with the text below',
        cause: new Error(lines.join('\n').slice(0, 4000)),
      });
    }
  }
}

function isFailure(report: Report): boolean {
  return report.kind !== 'warning';
}

function helperMissing(program: string, cause: Error): SlipwayError {
  return new SlipwayError('HELPER_MISSING', `cannot start the native helper ${program}`, {
    hint: 'build it: make -C native',
    cause,
    detail: { errno: errnoOf(cause) ?? null },
  });
}
