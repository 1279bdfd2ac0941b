/**
 * Push to and pull from Debian's docker-registry on loopback, against the other tools: five layers of
 * about 70 MB, real files of this machine. Everybody's first push compresses; ours is measured once
 * more with the compressed layers remembered, into an empty registry. A pull begins with an empty store
 * and ends when the image could be run. skopeo's copy to a folder opens no layer: the least a pull must do.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskBytes } from '#store/disk-files.ts';
import { type Candidate, measure, table } from './measure.ts';
import { refusalOf, run, SLIPWAY } from './programs.ts';
import { makeArchive } from './sample-archive.ts';

const ROUNDS = 5;
const REPOSITORY = 'slipway-bench';

type Command = readonly [program: string, args: readonly string[]];

interface Tool {
  readonly name: string;
  readonly load: (store: string, archive: string) => Command;
  readonly push: (store: string, name: string) => Command;
  readonly pull: (store: string, name: string) => Command;
  /** Empties a store that is not in `store`. */
  readonly forget?: (name: string) => Command;
}

const OURS: Tool = {
  name: 'slipway',
  load: (store, archive) => [SLIPWAY, ['--root', store, 'load', '-i', archive]],
  push: (store, name) => [SLIPWAY, ['--root', store, 'push', '--quiet', name]],
  pull: (store, name) => [SLIPWAY, ['--root', store, 'pull', '--quiet', name]],
};

const inStore = (store: string, ...words: readonly string[]): readonly string[] => [
  ...['--root', join(store, 'root'), '--runroot', join(store, 'run')],
  ...words,
];

const PEERS: readonly Tool[] = [
  {
    name: 'docker',
    load: (_, archive) => ['docker', ['load', '-i', archive]],
    push: (_, name) => ['docker', ['push', '--quiet', name]],
    pull: (_, name) => ['docker', ['pull', '--quiet', name]],
    forget: (name) => ['docker', ['rmi', '--force', name]],
  },
  {
    name: 'podman',
    load: (store, archive) => ['podman', inStore(store, 'load', '-i', archive)],
    push: (store, name) => ['podman', inStore(store, 'push', '-q', '--tls-verify=false', name)],
    pull: (store, name) => ['podman', inStore(store, 'pull', '-q', '--tls-verify=false', name)],
  },
  {
    name: 'buildah',
    load: (store, archive) => ['buildah', inStore(store, 'pull', `docker-archive:${archive}`)],
    push: (store, name) => ['buildah', inStore(store, 'push', '-q', '--tls-verify=false', name)],
    pull: (store, name) => ['buildah', inStore(store, 'pull', '-q', '--tls-verify=false', name)],
  },
];

export async function pullAndPush(): Promise<string> {
  const missing = refusalOf('docker-registry', ['--version']);
  if (missing !== undefined) return `Skipped: docker-registry is ${missing}.\n`;
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  const registry = await openRegistry(folder);
  const name = `${registry.address}/${REPOSITORY}:1`;
  try {
    const archive = makeArchive(folder, { name, layers: 5, layerBytes: 70_000_000 });
    const { used, skipped } = await loadEverywhere(folder, archive);
    const sizes = new Map<string, number>();
    const pushing = await measure(pushes({ used, folder, name, registry, sizes }), ROUNDS);
    await registry.empty();
    const unchanged = await measure(
      [
        node(),
        candidate('slipway push', OURS.push(storeOf(OURS, folder), name)),
        candidate('slipway pull', OURS.pull(storeOf(OURS, folder), name)),
      ],
      ROUNDS * 2,
    );
    const pulling = await measure(pulls({ used, folder, name }), ROUNDS);
    const megabytes = (lstatSync(archive).size / 1e6).toFixed(0);
    const inRegistry = [...sizes].map(([tool, size]) => `${tool} ${(size / 1e6).toFixed(1)} MB`);
    return [
      `${megabytes} MB in 5 layers. In the registry: ${inRegistry.join(', ')}.\n`,
      ...skipped,
      `push into an empty registry:\n\n${table(pushing, 'slipway')}`,
      `pull into an empty store:\n\n${table(pulling, 'slipway')}`,
      `nothing to do:\n\n${table(unchanged, 'node -e 0')}`,
      memoryText({ folder, name }),
    ].join('\n');
  } finally {
    for (const { forget } of PEERS) if (forget) refusalOf(...forget(name));
    await registry.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function loadEverywhere(
  folder: string,
  archive: string,
): Promise<{ readonly used: readonly Tool[]; readonly skipped: readonly string[] }> {
  const used: Tool[] = [];
  const skipped: string[] = [];
  for (const tool of [OURS, ...PEERS]) {
    const refusal = refusalOf(...tool.load(storeOf(tool, folder), archive));
    if (refusal === undefined) used.push(tool);
    else skipped.push(`Skipped ${tool.name}: ${refusal}\n`);
  }
  return { used, skipped };
}

interface Setting {
  readonly used: readonly Tool[];
  readonly folder: string;
  readonly name: string;
}

function pushes(
  setting: Setting & { readonly registry: BenchRegistry; readonly sizes: Map<string, number> },
): readonly Candidate[] {
  const { used, folder, name, registry, sizes } = setting;
  const store = storeOf(OURS, folder);
  const fresh = join(folder, 'store-uncompressed');
  const first = used.map((tool): Candidate => {
    const isOurs = tool === OURS;
    return {
      name: tool.name,
      prepare: async () => {
        await registry.empty();
        if (!isOurs) return;
        // What a push remembers is in the store: a copy of one that has never pushed.
        rmSync(fresh, { recursive: true, force: true });
        await run('cp', ['-a', `${store}.loaded`, fresh]);
      },
      run: async () => {
        await run(...tool.push(isOurs ? fresh : storeOf(tool, folder), name));
        if (!sizes.has(tool.name)) sizes.set(tool.name, registry.bytes());
      },
    };
  });
  const remembered: Candidate = {
    name: 'slipway, layers remembered',
    prepare: registry.empty,
    run: () => run(...OURS.push(store, name)),
  };
  spawnSync('cp', ['-a', store, `${store}.loaded`]);
  return [...first, remembered];
}

function pulls({ used, folder, name }: Setting): readonly Candidate[] {
  const place = (tool: string): string => join(folder, `pull-${tool}`);
  const tools = used.map(
    (tool): Candidate => ({
      name: tool.name,
      prepare: async () => {
        if (tool.forget) refusalOf(...tool.forget(name));
        else rmSync(place(tool.name), { recursive: true, force: true });
      },
      run: () => run(...tool.pull(place(tool.name), name)),
    }),
  );
  const skopeo: Command = [
    'skopeo',
    ['--insecure-policy', 'copy', '-q', '--src-tls-verify=false', `docker://${name}`],
  ];
  const copy: Candidate = {
    name: 'skopeo copy to a folder',
    prepare: () => rmSync(place('skopeo'), { recursive: true, force: true }),
    run: () => run(skopeo[0], [...skopeo[1], `dir:${place('skopeo')}`]),
  };
  return refusalOf('skopeo', ['--version']) === undefined ? [...tools, copy] : tools;
}

function candidate(name: string, command: Command): Candidate {
  return { name, run: () => run(...command) };
}

function node(): Candidate {
  return candidate('node -e 0', [process.execPath, ['-e', '0']]);
}

function storeOf({ name }: Tool, folder: string): string {
  return join(folder, `store-${name}`);
}

/** The largest resident set, as GNU time sees it. */
function memoryText({ folder, name }: { readonly folder: string; readonly name: string }): string {
  const time = '/usr/bin/time';
  if (!existsSync(time)) return `Memory was not measured: no ${time}.\n`;
  const peak = ([program, args]: Command): string => {
    const { stderr } = spawnSync(time, ['-f', '%M', program, ...args], { encoding: 'utf8' });
    return `${(Number(stderr.trim().split('\n').at(-1)) / 1024).toFixed(0)} MB`;
  };
  const pulled = peak(OURS.pull(join(folder, 'store-memory'), name));
  const other = name.replace(REPOSITORY, `${REPOSITORY}-2`);
  const loaded = `${storeOf(OURS, folder)}.loaded`;
  spawnSync(SLIPWAY, ['--root', loaded, 'tag', name, other]);
  const pushed = peak(OURS.push(loaded, other));
  return `Peak memory of slipway: first push ${pushed}, pull ${pulled}.\n`;
}

interface BenchRegistry {
  readonly address: string;
  /** Nothing is in it afterwards. */
  readonly empty: () => Promise<void>;
  /** Of blobs, as they lie on disk. */
  readonly bytes: () => number;
  readonly close: () => Promise<void>;
}

async function openRegistry(folder: string): Promise<BenchRegistry> {
  const data = join(folder, 'registry');
  const config = join(folder, 'registry.yml');
  const address = `localhost:${await freePort()}`;
  writeFileSync(
    config,
    [
      'version: 0.1',
      'log: {level: error, accesslog: {disabled: true}}',
      `storage: {filesystem: {rootdirectory: ${data}}}`,
      `http: {addr: '${address.replace('localhost', '127.0.0.1')}'}`,
      '',
    ].join('\n'),
  );
  let server = await start(config, address);
  return {
    address,
    empty: async () => {
      await end(server);
      rmSync(data, { recursive: true, force: true });
      server = await start(config, address);
    },
    bytes: () => diskBytes(join(data, 'docker/registry/v2/blobs')),
    close: () => end(server),
  };
}

async function start(config: string, address: string): Promise<ChildProcess> {
  const child = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  for (let attempt = 0; attempt < 400; attempt += 1) {
    const answer = await fetch(`http://${address}/v2/`).catch(() => undefined);
    if (answer?.ok) return child;
    await sleep(50);
  }
  throw new Error('docker-registry does not start');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  await ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const bound = server.address();
      server.close();
      if (bound !== null && typeof bound === 'object') resolve(bound.port);
      else reject(new Error('no port'));
    });
  });
}
