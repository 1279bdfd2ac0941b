/**
 * What the crash loop works with: archives whole, in volumes and of differences, a root file system,
 * and two registries. One is pulled from; the other is loaded into, killed and started again.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { BUSYBOX_BASE, writeContext } from '#test/helpers/busybox-context.ts';
import { slipway, startSlipway } from '#test/helpers/cli-process.ts';
import type { TempFolder } from '#test/helpers/temp-folder.ts';

export const KEPT = 'kept:1';
/** Of the archive in volumes; some round numbers of it are loaded one by one. */
export const VOLUME_SIZE = '2m';

export interface CrashMaterial {
  readonly folder: TempFolder;
  /** The store that crashes. */
  readonly store: string;
  /** host:port of the registry with `pulled:1`. */
  readonly address: string;
  /** Each in a folder of its own, with the list beside it. */
  readonly volumes: readonly string[];
  /** What save -o, with volumes and without, writes when nobody disturbs it. */
  readonly expected: string;
  readonly target: RestartedRegistry;
  close(): Promise<void>;
}

/** Must end well; gives stdout. */
export async function good(root: string, ...argv: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await slipway(argv, { root });
  assert.equal(exitCode, 0, `slipway ${argv.join(' ')}\n${stderr}`);
  return stdout;
}

/** A context whose image has busybox in it; the Dockerfile goes on with `rest`. */
export function context(folder: TempFolder, name: string, rest: string): string {
  const path = folder.at(`context-${name.replaceAll(/[/:]/g, '-')}`);
  return writeContext(path, `${BUSYBOX_BASE}${rest}`, { marker: name });
}

/** Another store makes everything; the one to crash gets {@link KEPT}. */
export async function prepareMaterial(folder: TempFolder): Promise<CrashMaterial> {
  const source = folder.at('source');
  const build = (name: string, rest: string) =>
    good(source, 'build', '-q', '-t', name, context(folder, name, rest));
  await build(KEPT, 'RUN head -c 5000000 /dev/urandom > /random\nCMD ["echo", "kept"]\n');
  await build('loaded:1', 'RUN head -c 4000000 /dev/urandom > /random\nCOPY marker /\n');
  await build('volumed:1', 'RUN head -c 4500000 /dev/urandom > /random\nCOPY marker /\n');
  const onTop = writeContext(
    folder.at('context-delta'),
    `FROM ${KEPT}\nRUN head -c 3000000 /dev/urandom > /more\n`,
  );
  await good(source, 'build', '-q', '-t', 'delta:1', onTop);
  const registry = await RestartedRegistry.start(source);
  const pulled = `${registry.address}/pulled:1`;
  await build(pulled, 'RUN head -c 3000000 /dev/urandom > /random\n');
  await good(source, 'push', pulled);
  const save = (...argv: readonly string[]) => good(source, 'save', ...argv);
  await save('-o', folder.at('loaded.tar'), 'loaded:1');
  await save('-o', folder.at('delta.tar'), '--have', await keptArchive(folder, source), 'delta:1');
  await good(source, 'export', '-o', folder.at('root.tar'), 'loaded:1');
  mkdirSync(folder.at('out'));
  mkdirSync(folder.at('expected'));
  const expected = folder.at('expected');
  await save('-o', join(expected, 'kept.tar'), KEPT);
  await save('-o', join(expected, 'cut.tar'), '--volume-size', VOLUME_SIZE, KEPT);
  const store = folder.at('store');
  await good(store, 'load', '-i', folder.at('kept.tar'));
  const target = await RestartedRegistry.start(folder.at('target'));
  return {
    folder,
    store,
    address: registry.address,
    volumes: await volumesApart(folder, source),
    expected,
    target,
    async close() {
      await registry.stop();
      await target.stop();
    },
  };
}

async function keptArchive(folder: TempFolder, source: string): Promise<string> {
  await good(source, 'save', '-o', folder.at('kept.tar'), KEPT);
  return folder.at('kept.tar');
}

/** As if each came on a stick of its own. */
async function volumesApart(folder: TempFolder, source: string): Promise<readonly string[]> {
  const together = folder.at('volumes');
  mkdirSync(together);
  const archive = join(together, 'v.tar');
  await good(source, 'save', '--volume-size', VOLUME_SIZE, '-o', archive, 'volumed:1');
  const names = readdirSync(together).filter((name) => /\.\d{3}$/.test(name));
  return names.sort().map((name) => {
    const stick = join(together, `stick-${name}`);
    mkdirSync(stick);
    for (const file of [name, 'v.tar.volumes.json']) {
      copyFileSync(join(together, file), join(stick, file));
    }
    return join(stick, name);
  });
}

/** `registry serve` that can be killed and comes back at the same address. */
export class RestartedRegistry {
  readonly root: string;
  #running: ReturnType<typeof startSlipway>;
  #address: string;

  private constructor(
    root: string,
    started: { readonly running: ReturnType<typeof startSlipway>; readonly address: string },
  ) {
    this.root = root;
    this.#running = started.running;
    this.#address = started.address;
  }

  static async start(root: string): Promise<RestartedRegistry> {
    return new RestartedRegistry(root, await serve(root, '127.0.0.1:0'));
  }

  get address(): string {
    return this.#address;
  }

  async stop(): Promise<void> {
    this.#running.kill('SIGKILL');
    await this.#running.outcome;
  }

  async startAgain(): Promise<void> {
    ({ running: this.#running } = await serve(this.root, this.#address));
  }
}

async function serve(root: string, at: string) {
  const running = startSlipway(['registry', 'serve', '--addr', at], { root });
  const address = (await running.firstLine).replace(/^.*http:\/\//, '');
  return { running, address };
}
