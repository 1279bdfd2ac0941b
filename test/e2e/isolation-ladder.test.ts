/**
 * One Dockerfile on every rung of the ladder, as the people who end up there: the same layers each time,
 * and the rung named in the log.
 */
import assert from 'node:assert/strict';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { BUSYBOX_BASE, busyboxUnfit, writeContext } from '#test/helpers/busybox-context.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import {
  homeFolder,
  type Outcome,
  runStanding,
  SLIPWAY,
  type Standing,
  standingUnfit,
} from '#test/helpers/unprivileged.ts';

/** Everything that a step can do to a tree, over two layers. */
const DOCKERFILE = `${BUSYBOX_BASE}
RUN mkdir -p /d/sub /keep /opq/x && echo one > /d/one && echo two > /d/two && echo f > /d/sub/f \\
 && ln /d/one /d/hard && ln -s one /d/soft && echo y > /opq/x/y && chmod 4755 /d/two && mkfifo /d/fifo
RUN rm /d/fifo && rm /d/hard && echo more >> /d/one && rm -rf /d/sub && echo file > /d/sub && chmod 700 /d/two \\
 && rm -rf /opq && mkdir /opq && echo z > /opq/z && mkdir -p /new/deep && touch /new/deep/f \\
 && mv /keep /kept
ARG OWNER=1000:2000
RUN chown -R $OWNER /d/one /new && touch /d/two
`;

/** Root of the machine: what all others must equal. */
function reference(folder: string, context: string, args: readonly string[]): string {
  const root = join(folder, 'reference');
  return layersOf(folder, 'root', root, context, args).layers;
}

interface Made {
  readonly layers: string;
  readonly log: string;
}

function layersOf(
  home: string,
  standing: Standing,
  root: string,
  context: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Made {
  const build = run(
    standing,
    home,
    [SLIPWAY, '--root', root, 'build', '--progress', 'plain', '-t', 't', ...args, context],
    env,
  );
  assert.equal(build.exitCode, 0, build.stderr);
  const format = '{{range .RootFS.Layers}}{{.}} {{end}}';
  const inspected = run(
    standing,
    home,
    [SLIPWAY, '--root', root, 'inspect', '--format', format, 't'],
    env,
  );
  assert.equal(inspected.exitCode, 0, inspected.stderr);
  return { layers: inspected.stdout.trim(), log: build.stderr };
}

function run(
  standing: Standing,
  home: string,
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Outcome {
  return runStanding(standing, { home, env }, argv);
}

interface Rung {
  readonly standing: Standing;
  readonly named: RegExp;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
}

const RUNGS: readonly Rung[] = [
  { standing: 'root', env: { SLIPWAY_SNAPSHOTTER: 'folders' }, named: /DONE/ },
  { standing: 'root', env: { SLIPWAY_SNAPSHOTTER: 'copy' }, named: /DONE/ },
  {
    standing: 'user with subids',
    env: { SLIPWAY_SNAPSHOTTER: 'copy' },
    named: /isolation: user namespace \+ a plain copy/,
  },
  { standing: 'user with subids', named: /isolation: user namespace \+ overlay over folders/ },
  {
    standing: 'user without subids',
    args: ['--build-arg', 'OWNER=0:0'],
    named: /isolation: user namespace \+ overlay over folders/,
  },
  {
    standing: 'root without sys_admin',
    named: /isolation: user namespace \+ overlay over folders/,
  },
  { standing: 'root', env: { SLIPWAY_ISOLATION: 'userns' }, named: /DONE/ },
  { standing: 'root', env: { SLIPWAY_ISOLATION: 'chroot' }, named: /DONE/ },
  { standing: 'user with subids', env: { SLIPWAY_ISOLATION: 'chroot' }, named: /DONE/ },
  { standing: 'root of a container', named: /isolation: chroot over a private copy/ },
];

for (const { standing, named, env = {}, args = [] } of RUNGS) {
  const name = [standing, ...Object.entries(env).map(([key, value]) => `${key}=${value}`)].join(
    ', ',
  );
  test(`the same layers as the machine's root: ${name}`, (t) => {
    const reason = busyboxUnfit() ?? standingUnfit(standing);
    if (reason !== undefined) return t.skip(reason);
    using folder = tempFolder();
    const context = writeContext(folder.at('context'), DOCKERFILE);
    const home = homeFolder(folder.at('home'));
    const { layers, log } = layersOf(home, standing, join(home, 'store'), context, args, env);
    assert.match(log, named);
    assert.equal(layers, reference(folder.path, context, args));
    for (const place of ['snapshots', 'trash', 'ingest']) {
      assert.deepEqual(readdirSync(join(home, 'store', place)), [], place);
    }
  });
}

test("a user finds the store in the own data folder, and it is the user's", (t) => {
  const reason = busyboxUnfit() ?? standingUnfit('user with subids');
  if (reason !== undefined) return t.skip(reason);
  using folder = tempFolder();
  const context = writeContext(folder.at('context'), DOCKERFILE);
  const home = homeFolder(folder.at('home'));
  const built = run('user with subids', home, [SLIPWAY, 'build', '-q', context]);
  assert.equal(built.exitCode, 0, built.stderr);
  const store = lstatSync(join(home, '.local/share/slipway'));
  assert.equal(store.uid, lstatSync(home).uid);
});
