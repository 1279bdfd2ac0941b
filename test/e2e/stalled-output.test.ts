/** A reader of stdout that stands still: an interrupt ends the command all the same. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '#core/errors.ts';
import type { CliProcess } from '#test/helpers/cli-process.ts';
import { type FaultSite, fault, temporaryFiles, until } from '#test/helpers/fault-site.ts';
import { largeFile } from '#test/helpers/large-file.ts';

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** A pipe whose both ends are here; nobody else ever reads it. */
class StalledPipe implements Disposable {
  readonly reader: number;
  readonly writer: number;

  constructor(path: string) {
    execFileSync('mkfifo', [path]);
    this.reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  }

  /** Once a command has begun to write, and can write no more. */
  async stalled(): Promise<void> {
    await until('the first byte', () => moved(() => readSync(this.reader, Buffer.alloc(1))));
    while (moved(() => writeSync(this.writer, Buffer.alloc(4096))));
    while (moved(() => writeSync(this.writer, Buffer.alloc(1))));
  }

  [Symbol.dispose](): void {
    closeSync(this.reader);
    closeSync(this.writer);
  }
}

/** Whether the call moved something; false where it would have had to wait. */
function moved(call: () => number): boolean {
  try {
    return call() > 0;
  } catch (error) {
    if (errnoOf(error) === 'EAGAIN') return false;
    throw error;
  }
}

/** A command that hangs fails the test by its exit code, and does not outlive it. */
async function exitCodeOf(command: CliProcess): Promise<number | undefined> {
  const guard = setTimeout(() => command.kill('SIGKILL'), 180_000);
  try {
    return (await command.outcome).exitCode;
  } finally {
    clearTimeout(guard);
  }
}

async function largeImage(site: FaultSite): Promise<void> {
  const context = site.context('COPY large /\n');
  largeFile(join(context, 'large'), 16);
  await site.good('build', '-t', 'app:1', context);
}

for (const signal of SIGNALS) {
  fault(`${signal} during save into a pipe that nobody reads`, async (site) => {
    await largeImage(site);
    using pipe = new StalledPipe(site.folder.at('pipe'));
    const save = site.start(['save', 'app:1'], { stdout: pipe.writer });
    await pipe.stalled();
    save.kill(signal);
    assert.equal(await exitCodeOf(save), EXIT_CODES[signal]);
    assert.deepEqual(temporaryFiles(site.store), []);
  });

  fault(`${signal} when all is done but the reading of the result`, async (site) => {
    await site.good('build', '-t', 'app:1', site.context('CMD ["true"]\n'));
    using pipe = new StalledPipe(site.folder.at('pipe'));
    const names = Array<string>(200).fill('app:1');
    const inspect = site.start(['inspect', ...names], { stdout: pipe.writer });
    await pipe.stalled();
    inspect.kill(signal);
    assert.equal(await exitCodeOf(inspect), EXIT_CODES[signal]);
  });
}
