/** An engine on an empty store, for tests through the library; and what a privileged test needs. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Event } from '#core/events.ts';
import {
  type BuildOptions,
  type BuildResult,
  type Engine,
  openEngine,
  type Settings,
} from '#engine.ts';
import { leaksSettled, traces } from '#test/helpers/leaks.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const BINARIES = join(import.meta.dirname, '../../native/build');
export const HELPER = join(BINARIES, 'slipway-native');
export const INIT = join(BINARIES, 'slipway-init');

/** A reason to skip tests that start containers, or false. */
export function cannotRunContainers(): string | false {
  if (process.getuid?.() !== 0) return 'needs root: starts containers';
  return existsSync(HELPER) && existsSync(INIT)
    ? false
    : 'needs the native programs: npm run setup';
}

export interface EngineFixture {
  readonly engine: Engine;
  readonly folder: string;
  /** A context folder: `/init` is the test program, files are added. */
  context(files: Readonly<Record<string, string>>): string;
  /** Builds and collects what the steps printed. */
  build(options: Partial<BuildOptions> & { readonly context: string }): Promise<Built>;
}

export interface Built extends BuildResult {
  readonly log: string;
  readonly events: readonly Event[];
}

/** Runs `work` with an engine of its own, then checks that nothing is left on the machine. */
export async function withEngine(
  settings: Partial<Settings>,
  work: (fixture: EngineFixture) => Promise<void>,
): Promise<void> {
  using temporary = tempFolder();
  const folder = temporary.path;
  const places = { roots: [folder], temporary: join(folder, 'tmp') };
  mkdirSync(places.temporary);
  const before = traces(places);
  {
    await using engine = await openEngine({
      root: join(folder, 'store'),
      helper: HELPER,
      snapshotter: 'auto',
      parallelTransfers: 3,
      ...settings,
    });
    await work({
      engine,
      folder,
      context: contexts(folder),
      build: (options) => build(engine, options),
    });
  }
  const left = [...(await leaksSettled(before, places)), ...temporaryFiles(join(folder, 'store'))];
  if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}`);
}

/** What the store holds only while something works on it. */
function temporaryFiles(store: string): readonly string[] {
  return ['ingest', 'snapshots', 'trash'].flatMap((name) => {
    const path = join(store, name);
    return existsSync(path) ? readdirSync(path).map((file) => `${name}/${file}`) : [];
  });
}

function contexts(folder: string): EngineFixture['context'] {
  let count = 0;
  return (files) => {
    count += 1;
    const context = join(folder, `context-${count}`);
    mkdirSync(context);
    copyFileSync(INIT, join(context, 'init'));
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(context, path)), { recursive: true });
      writeFileSync(join(context, path), text);
    }
    return context;
  };
}

async function build(
  engine: Engine,
  options: Partial<BuildOptions> & { readonly context: string },
): Promise<Built> {
  const events: Event[] = [];
  const result = await engine.build({
    tags: [],
    ...options,
    events: (event) => events.push(event),
  });
  return { ...result, events, log: logOf(events) };
}

/** What the steps printed, both streams. */
export function logOf(events: readonly Event[]): string {
  const chunks = events.flatMap((event) => (event.kind === 'vertex-log' ? [event.bytes] : []));
  return Buffer.concat(chunks).toString();
}
