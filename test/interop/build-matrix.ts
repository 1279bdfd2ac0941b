/**
 * Build cases built by other programs as well: what is in the image and its config must be the same.
 * \`npm run interop\` builds all that the program can, the tests a few.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type BuildCase, expectedOf, readCases } from '#test/helpers/build-case.ts';
import { busyboxUnfit } from '#test/helpers/busybox-context.ts';
import { differences } from '#test/helpers/compare-builds.ts';
import { cannotStartDockerd, startDockerd } from '#test/helpers/dockerd.ts';
import { buildah, docker } from '#test/helpers/peer-builders.ts';
import { type Builder, runCase } from '#test/helpers/run-build-case.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import { type Builders, unlikeIn } from './build-unlike.ts';
import type { Host } from './host.ts';

interface Peer {
  readonly title: string;
  unfit(host: Host): Promise<string | undefined>;
  open(host: Host): Promise<OpenPeer>;
}

interface OpenPeer extends AsyncDisposable {
  readonly builder: Builder;
  readonly kind: Builders;
}

const PEERS: readonly Peer[] = [
  {
    title: 'docker BuildKit',
    unfit: async (host) =>
      (await cannotStartDockerd(host, 'classic')) ??
      ((await buildKitDocker(host)) === undefined
        ? 'needs BuildKit: buildx, or docker before 23'
        : undefined),
    async open(host) {
      const dockerd = await startDockerd(host, 'classic');
      const program = (await buildKitDocker(host)) ?? 'docker';
      const [major] = await versionOf(host, program);
      return {
        kind: { family: 'docker', isOld: major < 23 },
        builder: docker(host.words(program, '-H', dockerd.socket), {
          environment: { DOCKER_BUILDKIT: '1' },
          // There is no bridge.
          options: ['--network=host'],
        }),
        [Symbol.asyncDispose]: () => dockerd[Symbol.asyncDispose](),
      };
    },
  },
  ...(['buildah', 'podman'] as const).map((program) => withStore(program)),
];

async function versionOf(host: Host, program: string): Promise<readonly [number, number]> {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(await host.run(program, '--version')) ?? [];
  return [Number(major), Number(minor)];
}

/** docker 23 and newer need a plugin for it. */
async function buildKitDocker(host: Host): Promise<string | undefined> {
  for (const program of ['docker', '/usr/bin/docker']) {
    try {
      const [major] = await versionOf(host, program);
      if (major < 23) return program;
      await host.run(program, 'buildx', 'version');
      return program;
    } catch {}
  }
  return undefined;
}

function withStore(program: 'buildah' | 'podman'): Peer {
  return {
    title: program,
    unfit: (host) => host.unfit(program),
    async open(host) {
      const place = tempFolder();
      const roots = ['--root', place.at('root'), '--runroot', place.at('runroot')];
      const command = host.words(program, ...roots, '--storage-driver', 'vfs');
      const [major, minor] = await versionOf(host, program);
      const isOld = program === 'podman' ? major < 5 : major < 2 && minor < 35;
      const options = [
        ...['--isolation', 'chroot', '--network', 'host', '--identity-label=false'],
        ...(isOld ? [] : await ownLimits(host)),
      ];
      return {
        kind: { family: 'buildah', isOld },
        builder: buildah(program, { command, options }),
        [Symbol.asyncDispose]: async () => place[Symbol.dispose](),
      };
    },
  };
}

/** Newer ones raise what a RUN may have, which takes a right that root of a container may lack. */
async function ownLimits(host: Host): Promise<readonly string[]> {
  const text = await host.run('cat', '/proc/self/limits');
  const most = (name: string) => new RegExp(`^${name} +\\w+ +(\\w+)`, 'm').exec(text)?.[1];
  return [
    ['nofile', most('Max open files')],
    ['nproc', most('Max processes')],
  ].flatMap(([name, hard = 'unlimited']) =>
    hard === 'unlimited' ? [] : ['--ulimit', `${name}=${hard}:${hard}`],
  );
}

/** What takes a program of its own, another command line, or is expected to be otherwise. */
function isFor(one: BuildCase): boolean {
  const flags = [one, ...(one.again ?? [])].flatMap(({ flags: all = [] }) => all);
  return (
    one.unlike === undefined &&
    one.error === undefined &&
    one.times === undefined &&
    one.path === undefined &&
    flags.every((flag) => !flag.startsWith('-') || SHARED_FLAGS.has(flag))
  );
}

const SHARED_FLAGS: ReadonlySet<string> = new Set(['--build-arg', '--label', '--target', '-f']);

/** A few of everything. */
const SAMPLE: ReadonlySet<string> = new Set([
  'copy-destination-link-folder',
  'add-archive-gzip',
  'env-forms',
  'onbuild-runs-in-the-child',
  'run-modes-and-owners',
  'ignore-last-match-wins',
]);

export function testBuildMatrix(host: Host, { all }: { readonly all: boolean }): void {
  const cases = readCases().filter((one) => isFor(one) && (all || SAMPLE.has(one.name)));
  for (const peer of PEERS) {
    describe(peer.title, () => {
      let open: OpenPeer | undefined;
      let unfit: string | undefined;
      before(async () => {
        unfit = busyboxUnfit() ?? (await peer.unfit(host));
        if (unfit === undefined) open = await peer.open(host);
      });
      after(async () => await open?.[Symbol.asyncDispose]());
      for (const one of cases) {
        test(one.name, async (t) => {
          if (open === undefined) return t.skip(unfit);
          const text = expectedOf(one, 'Dockerfile') ?? '';
          const reason = unlikeIn(open.kind, { name: one.name, text });
          if (reason !== undefined) return t.skip(reason);
          const outcome = await runCase(one, open.builder);
          assert.deepEqual(differences(one, outcome, { counts: false }), []);
        });
      }
    });
  }
}
