/**
 * A first build into an empty store and the same one again, against other builders. The image is
 * Debian's static busybox from scratch, a copy of 500 files and three RUN steps, so that nothing is
 * downloaded and what is measured is the builder.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Candidate, measure, table } from './measure.ts';
import { refusalOf, run, SLIPWAY } from './programs.ts';

const DOCKERFILE = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
COPY src /src
RUN find /src -type f | wc -l > /count
RUN cat /src/* | sha256sum > /sum
`;
const FILES = 500;

interface Builder {
  readonly name: string;
  /** `store` is a folder of its own; `tag` names the image. */
  readonly command: (store: string, context: string) => readonly [string, readonly string[]];
  /** Throws away what it has built, where that is not in `store`. */
  readonly forget?: readonly [string, readonly string[]];
}

const OURS: Builder = {
  name: 'slipway',
  command: (store, context) => [SLIPWAY, ['--root', store, 'build', '-t', 'bench', context]],
};
const PEERS: readonly Builder[] = [
  {
    name: 'buildah',
    command: (store, context) => [
      'buildah',
      [...containersStore(store), 'build', '--layers', ...LEAST_ISOLATION, '-t', 'bench', context],
    ],
  },
  {
    name: 'podman',
    command: (store, context) => [
      'podman',
      [...containersStore(store), 'build', ...LEAST_ISOLATION, '-t', 'bench', context],
    ],
  },
  {
    name: 'docker',
    command: (_, context) => ['docker', ['build', '-t', 'slipway-bench', context]],
    forget: ['docker', ['builder', 'prune', '--all', '--force']],
  },
];

/** Works where an OCI runtime does not, as inside another container; it is also their quickest. */
const LEAST_ISOLATION = ['--isolation=chroot', '--network=host'];

function containersStore(store: string): readonly string[] {
  return ['--root', join(store, 'root'), '--runroot', join(store, 'run')];
}

export async function build(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  try {
    const context = makeContext(folder);
    const builders = [OURS];
    const skipped: string[] = [];
    for (const peer of PEERS) {
      const refusal = refusalOf(...peer.command(join(folder, `try-${peer.name}`), context));
      if (refusal === undefined) builders.push(peer);
      else skipped.push(`Skipped ${peer.name}: ${refusal}\n`);
    }
    const cold = await measure(
      builders.map((one) => coldBuild(one, folder, context)),
      5,
    );
    const warm = await measure(
      builders.map((one) => cachedBuild(one, folder, context)),
      5,
    );
    return [
      `First build:\n\n${table(cold, OURS.name)}`,
      `The same again, from the cache:\n\n${table(warm, OURS.name)}`,
      ...skipped,
    ].join('\n');
  } finally {
    for (const { name } of PEERS) {
      await removeStore(join(folder, `try-${name}`));
      await removeStore(join(folder, `cold-${name}`));
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

function makeContext(folder: string): string {
  const context = join(folder, 'context');
  mkdirSync(join(context, 'src'), { recursive: true });
  writeFileSync(join(context, 'Dockerfile'), DOCKERFILE);
  copyFileSync('/bin/busybox', join(context, 'busybox'));
  for (let i = 0; i < FILES; i++) {
    writeFileSync(join(context, 'src', `file-${i}`), `${i} `.repeat(1000));
  }
  return context;
}

/** Each round in an empty store. */
function coldBuild({ name, command, forget }: Builder, folder: string, context: string): Candidate {
  const store = join(folder, `cold-${name}`);
  return {
    name,
    prepare: async () => {
      await removeStore(store);
      if (forget) await run(...forget);
    },
    run: () => run(...command(store, context)),
  };
}

/** buildah and podman leave their store mounted on itself. */
async function removeStore(store: string): Promise<void> {
  const mounted = join(store, 'root/overlay');
  if (readFileSync('/proc/self/mounts', 'utf8').includes(` ${mounted} `)) {
    await run('umount', ['--recursive', '--lazy', mounted]);
  }
  rmSync(store, { recursive: true, force: true });
}

function cachedBuild({ name, command }: Builder, folder: string, context: string): Candidate {
  const store = join(folder, `cold-${name}`);
  return { name, run: () => run(...command(store, context)) };
}
