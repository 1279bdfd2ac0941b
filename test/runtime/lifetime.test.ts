/**
 * How containers end when they are made to: an abort, a closed launcher, a killed helper, a killed
 * caller. Nothing may be left: no process, no mount.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Launcher } from '#runtime/launcher.ts';
import { contained, type Ran, runAt, site } from '#test/helpers/containers.ts';
import { leaksSettled, type Places, traces } from '#test/helpers/leaks.ts';
import { HELPER_PROGRAM } from '#test/helpers/native-helper.ts';
import { helpersOf, pidsWith } from '#test/helpers/processes.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

/** Gives a process that was told to end the time to do so. */
async function untilGone(word: string): Promise<readonly number[]> {
  for (let attempt = 0; attempt < 6000; attempt++) {
    if (pidsWith(word).length === 0) return [];
    await sleep(20);
  }
  return pidsWith(word);
}

/** Mounts and processes of a test's folder, which is nobody's TMPDIR. */
function places(folder: TempFolder): Places {
  mkdirSync(folder.at('tmp'), { recursive: true });
  return { roots: [folder.path], temporary: folder.at('tmp') };
}

/** A second word on the command line, to find the processes by. */
function mark(): string {
  return `mark-${crypto.randomUUID()}`;
}

interface Sleeping {
  readonly ran: Promise<Ran>;
  readonly ready: Promise<void>;
}

/** A container with a child that left its session; `ready` when both run. */
function startSleeping(
  launcher: Launcher,
  path: string,
  options: { word: string; signal?: AbortSignal },
): Sleeping {
  const { word, signal } = options;
  const ready = Promise.withResolvers<void>();
  const ran = runAt(launcher, site(path), {
    args: ['/init', 'orphan', '1000', word],
    onOutput: () => ready.resolve(),
    ...(signal ? { signal } : {}),
  });
  return { ran, ready: ready.promise };
}

contained('an abort kills every process of the container before it rejects', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const word = mark();
  const stop = new AbortController();
  const { ran, ready } = startSleeping(launcher, folder.path, { word, signal: stop.signal });
  await ready;
  assert.equal(pidsWith(word).length, 2);
  stop.abort();
  await assert.rejects(ran, { code: 'CANCELLED' });
  assert.deepEqual(pidsWith(word), []);
});

contained('a signal that is aborted already starts nothing', async () => {
  using folder = tempFolder();
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const word = mark();
  const { ran } = startSleeping(launcher, folder.path, { word, signal: AbortSignal.abort() });
  await assert.rejects(ran, { code: 'CANCELLED' });
  assert.deepEqual(pidsWith(word), []);
});

contained('closing the launcher kills what runs and waits for it', async () => {
  using folder = tempFolder();
  const before = traces(places(folder));
  const launcher = new Launcher({ helper: HELPER_PROGRAM });
  const word = mark();
  const { ran, ready } = startSleeping(launcher, folder.path, { word });
  await ready;
  const [outcome] = await Promise.allSettled([ran, launcher[Symbol.asyncDispose]()]);
  assert.equal(outcome.status === 'rejected' && outcome.reason.code, 'CANCELLED');
  assert.deepEqual(pidsWith(word), []);
  assert.deepEqual(await leaksSettled(before, places(folder)), []);
  await assert.rejects(runAt(launcher, site(folder.path), {}), { code: 'CANCELLED' });
});

contained('kill -9 of the helper leaves no process and no mount; the next run works', async () => {
  using folder = tempFolder();
  const before = traces(places(folder));
  await using launcher = new Launcher({ helper: HELPER_PROGRAM });
  const word = mark();
  const { ran, ready } = startSleeping(launcher, folder.path, { word });
  await ready;
  for (const pid of helpersOf(process.pid)) process.kill(pid, 'SIGKILL');
  await assert.rejects(ran, { code: 'HELPER_FAILED' });
  assert.deepEqual(await untilGone(word), []);
  assert.deepEqual(await leaksSettled(before, places(folder)), []);
  const again = await runAt(launcher, site(folder.path), { args: ['/init', 'echo', 'again'] });
  assert.equal(again.stdout, 'again\n');
});

contained(
  'kill -9 of the caller leaves no process and no mount, captured or in the foreground',
  async () => {
    for (const kind of ['capture', 'inherit'] as const) {
      using folder = tempFolder();
      const before = traces(places(folder));
      const word = mark();
      const caller = startCaller(folder.path, { kind, word });
      for (let attempt = 0; pidsWith(word).length < 2; attempt++) {
        assert.ok(attempt < 6000, `the ${kind} container never ran`);
        await sleep(20);
      }
      caller.kill('SIGKILL');
      assert.deepEqual(await untilGone(word), [], kind);
      assert.deepEqual(await leaksSettled(before, places(folder)), [], kind);
    }
  },
);

/** Another Node that runs a container until it is killed. */
function startCaller(path: string, options: { kind: 'capture' | 'inherit'; word: string }) {
  const { kind, word } = options;
  const module = (name: string): string => import.meta.resolve(name);
  const program = `
    import { Launcher } from ${JSON.stringify(module('#runtime/launcher.ts'))};
    import { runAt, site } from ${JSON.stringify(module('#test/helpers/containers.ts'))};
    const launcher = new Launcher({ helper: ${JSON.stringify(HELPER_PROGRAM)} });
    const place = site(${JSON.stringify(path)});
    const runtime = ${kind === 'capture'} ? launcher : {
      run: (container) => launcher.run({ ...container, stdio: { kind: 'inherit', hasInput: true } }),
    };
    await runAt(runtime, place, { args: ['/init', 'orphan', '1000', ${JSON.stringify(word)}] });
  `;
  const file = `${path}/caller.ts`;
  writeFileSync(file, program);
  return spawn(process.execPath, [file], { stdio: 'ignore' });
}
