/**
 * Where faults are injected: a folder with stores, contexts and a TMPDIR, and the rule of every such
 * test, that afterwards no process and no mount is left, no stack was shown, and that the store is
 * clean once the next command has started on it.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BUSYBOX_BASE, busyboxUnfit, writeContext } from './busybox-context.ts';
import {
  type CliOptions,
  type CliOutcome,
  type CliProcess,
  slipway,
  startSlipway,
} from './cli-process.ts';
import { leaksSettled, traces } from './leaks.ts';
import { type TempFolder, tempFolder } from './temp-folder.ts';

export interface FaultSite {
  readonly folder: TempFolder;
  /** The store that commands use unless told otherwise. */
  readonly store: string;
  /** To the end. Whatever it says has no stack in it. */
  run(argv: readonly string[], options?: CliOptions): Promise<CliOutcome>;
  /** Must end well; gives stdout. */
  good(...argv: readonly string[]): Promise<string>;
  /** Must fail with this code; gives stderr. */
  bad(exitCode: number, argv: readonly string[], options?: CliOptions): Promise<string>;
  start(argv: readonly string[], options?: CliOptions): CliProcess;
  /** A context folder with busybox in it; the Dockerfile goes on after the installation of busybox. */
  context(rest: string, files?: Readonly<Record<string, string>>): string;
  /** Paths of temporary files in a store, after the next start on it. */
  leftIn(store?: string): Promise<readonly string[]>;
}

/** A test at a site of its own; skipped aloud where containers cannot be made. */
export function fault(
  name: string,
  body: (site: FaultSite, t: TestContext) => Promise<void>,
): void {
  test(name, async (t) => {
    const unfit = busyboxUnfit();
    if (unfit !== undefined) {
      t.skip(unfit);
      return;
    }
    using folder = tempFolder();
    const places = { roots: [folder.path], temporary: folder.at('tmp') };
    mkdirSync(places.temporary);
    const before = traces(places);
    await body(siteIn(folder), t);
    assert.deepEqual(await leaksSettled(before, places), []);
  });
}

function siteIn(folder: TempFolder): FaultSite {
  const store = folder.at('store');
  const start: FaultSite['start'] = (argv, options) =>
    startSlipway(argv, { root: store, temporary: folder.at('tmp'), ...options });
  const run: FaultSite['run'] = async (argv, options) => {
    const outcome = await start(argv, options).outcome;
    assert.doesNotMatch(outcome.stderr, /^ {4}at |internal error/m);
    return outcome;
  };
  let contexts = 0;
  return {
    folder,
    store,
    start,
    run,
    async good(...argv) {
      const { exitCode, stdout, stderr } = await run(argv);
      assert.equal(exitCode, 0, `slipway ${argv.join(' ')}\n${stderr}`);
      return stdout;
    },
    async bad(exitCode, argv, options) {
      const outcome = await run(argv, options);
      assert.equal(outcome.exitCode, exitCode, `slipway ${argv.join(' ')}\n${outcome.stderr}`);
      return outcome.stderr;
    },
    context: (rest, files) =>
      writeContext(folder.at(`context-${++contexts}`), `${BUSYBOX_BASE}${rest}`, files),
    async leftIn(root = store) {
      const { exitCode, stderr } = await slipway(['images'], { root });
      assert.equal(exitCode, 0, stderr);
      return temporaryFiles(root);
    },
  };
}

/** What is in the folders whose entries die with their process. */
export function temporaryFiles(store: string): readonly string[] {
  return ['ingest', 'snapshots', 'trash'].flatMap((folder) =>
    readdirSync(join(store, folder)).map((name) => `${folder}/${name}`),
  );
}

/** Waits for something another process does. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let attempt = 0; !isSo(); attempt++) {
    assert.ok(attempt < 24_000, `never came: ${what}`);
    await sleep(5);
  }
}
