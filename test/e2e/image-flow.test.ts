/**
 * An image's way through the real command: build, cache, run, tag, inspect, save, load, rmi, push,
 * pull. Every test has stores of its own and leaves nothing behind.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BUSYBOX_BASE, busyboxUnfit, writeContext } from '#test/helpers/busybox-context.ts';
import { type CliOutcome, slipway, startSlipway } from '#test/helpers/cli-process.ts';
import { leaksSettled, traces } from '#test/helpers/leaks.ts';
import { type TempFolder, tempFolder } from '#test/helpers/temp-folder.ts';

/** A test with a folder; afterwards neither mounts nor processes of it are left. */
function flow(name: string, body: (folder: TempFolder, t: TestContext) => Promise<void>): void {
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
    await body(folder, t);
    assert.deepEqual(await leaksSettled(before, places), []);
  });
}

/** Options of a command on a store; its TMPDIR is the one that the flow looks into. */
function on(root: string): { readonly root: string; readonly temporary: string } {
  return { root, temporary: join(dirname(root), 'tmp') };
}

/** Runs on a store named by its folder; must end well. */
async function good(root: string, ...argv: readonly string[]): Promise<CliOutcome> {
  const outcome = await slipway(argv, on(root));
  assert.equal(outcome.exitCode, 0, `slipway ${argv.join(' ')}\n${outcome.stderr}`);
  return outcome;
}

async function idOf(root: string, image: string): Promise<string> {
  return (await good(root, 'inspect', '-f', '{{.Id}}', image)).stdout.trim();
}

const APP = `${BUSYBOX_BASE}ARG WHO=nobody
ENV NAME=app
WORKDIR /data
COPY note.txt .
RUN echo "$WHO" > who
CMD ["cat", "note.txt", "who"]
`;

flow('build, build again from the cache, run', async (folder) => {
  const root = folder.at('store');
  const context = writeContext(folder.at('context'), APP, { 'note.txt': 'a note\n' });
  const args = ['build', '-t', 'app:1', '--build-arg', 'WHO=me', '--iidfile', folder.at('iid')];
  const first = await good(root, ...args, context);
  assert.equal(first.stdout, '');
  assert.match(first.stderr, /^#\d+ \[internal\] load build definition from Dockerfile$/m);
  assert.match(first.stderr, /^#\d+ \[5\/5\] RUN echo "me" > who$/m);
  assert.doesNotMatch(first.stderr, /CACHED/);
  const id = await idOf(root, 'app:1');
  assert.equal(readFileSync(folder.at('iid'), 'utf8'), id);

  const again = await good(root, ...args, context);
  assert.match(again.stderr, /^#\d+ \[5\/5\] RUN .*\n#\d+ CACHED$/m);
  assert.equal(await idOf(root, 'app:1'), id);

  assert.equal((await good(root, 'run', '--rm', 'app:1')).stdout, 'a note\nme\n');
  const other = await good(root, 'build', '-q', '--build-arg', 'WHO=you', context);
  assert.match(other.stdout, /^sha256:[0-9a-f]{64}\n$/);
  assert.notEqual(other.stdout.trim(), id);
});

flow('a changed file runs its steps again, the ones before stay cached', async (folder) => {
  const root = folder.at('store');
  const context = writeContext(folder.at('context'), APP, { 'note.txt': 'one\n' });
  await good(root, 'build', '-t', 'app', context);
  writeFileSync(folder.at('context', 'note.txt'), 'two\n');
  const { stderr } = await good(root, 'build', '-t', 'app', context);
  assert.match(stderr, /^#\d+ \[2\/5\] RUN .*\n#\d+ CACHED$/m);
  assert.match(stderr, /^#\d+ \[4\/5\] COPY note\.txt \.\n#\d+ DONE /m);
  assert.equal((await good(root, 'run', 'app')).stdout, 'two\nnobody\n');
  const { stderr: all } = await good(root, 'build', '--no-cache', context);
  assert.doesNotMatch(all, /CACHED/);
});

flow('a failing RUN: its log, its place, exit code 1', async (folder) => {
  const dockerfile = `${BUSYBOX_BASE}RUN echo before && exit 7\n`;
  const context = writeContext(folder.at('context'), dockerfile);
  const { exitCode, stdout, stderr } = await slipway(['build', context], on(folder.at('store')));
  assert.deepEqual([exitCode, stdout], [1, '']);
  const tail = stderr.slice(stderr.indexOf('------\n'));
  assert.match(
    tail,
    /^------\n > \[3\/3\] RUN echo before && exit 7:\n\d+\.\d{3} before\n------\nDockerfile:4\n-{20}\n/,
  );
  assert.match(tail, /^ {3}4 \| >>> RUN echo before && exit 7$/m);
  assert.match(
    tail,
    /\nERROR: failed to build: failed to solve: process "\/bin\/sh -c echo before && exit 7" did not complete successfully: exit code: 7\n/,
  );
});

flow('mistakes in a build say what docker says', async (folder) => {
  const root = folder.at('store');
  const context = writeContext(folder.at('context'), 'FROM scratch\nCOPY nosuch /\n');
  const error = async (...argv: readonly string[]): Promise<string> => {
    const { exitCode, stderr } = await slipway(['build', ...argv], on(root));
    assert.equal(exitCode, 1);
    return stderr;
  };
  assert.match(
    await error(context),
    /ERROR: failed to build: failed to solve: .*"\/nosuch": not found/,
  );
  assert.match(
    await error('-f', folder.at('context', 'Nofile'), context),
    /ERROR: failed to build: failed to solve: failed to read dockerfile: open .*Nofile: no such file or directory/,
  );
  assert.match(
    await error(folder.at('nowhere')),
    /^ERROR: failed to build: unable to prepare context: path ".*nowhere" not found/m,
  );
  writeContext(folder.at('context'), 'FROM scratch\nCOYP busybox /\n');
  assert.match(await error(context), /unknown instruction: COYP/);
});

flow('run: exit codes and flags', async (folder) => {
  const root = folder.at('store');
  const context = writeContext(
    folder.at('context'),
    `${BUSYBOX_BASE}RUN mkdir -p /etc && echo 'app:x:7:8::/:/bin/sh' > /etc/passwd && touch /plain\n`,
  );
  await good(root, 'build', '-t', 'box', context);
  const run = (...argv: readonly string[]): Promise<CliOutcome> =>
    slipway(['run', '--rm', ...argv], on(root));
  const code = async (...argv: readonly string[]): Promise<number | undefined> =>
    (await run(...argv)).exitCode;
  assert.equal(await code('box', 'true'), 0);
  assert.equal(await code('box', 'sh', '-c', 'exit 3'), 3);
  assert.equal(await code('box', 'sh', '-c', 'sleep 60 & kill -9 $!; wait $!'), 137);
  assert.equal(await code('box', 'nosuch'), 127);
  assert.equal(await code('box', '/plain'), 126);
  assert.equal(await code('-u', 'ghost', 'box', 'true'), 125);

  const script = 'id -u; id -g; pwd; hostname; echo "$A $B"';
  const { stdout } = await run(
    ...['-u', 'app', '-w', '/bin', '-h', 'boxed', '-e', 'A=1', '-e', 'B=x y'],
    ...['--entrypoint', '/bin/sh', 'box', '-c', script],
  );
  assert.equal(stdout, '7\n8\n/bin\nboxed\n1 x y\n');
});

flow('history, templates, filters, and an image whose config is lost', async (folder) => {
  const root = folder.at('store');
  const context = writeContext(folder.at('context'), APP, { 'note.txt': 'a note\n' });
  await good(root, 'build', '-t', 'app:1', '-t', 'other:1', context);
  const id = await idOf(root, 'app:1');
  const steps = (await good(root, 'history', '--no-trunc', 'app:1')).stdout.split('\n');
  assert.match(steps[0] ?? '', /^IMAGE +CREATED +CREATED BY +SIZE +COMMENT$/);
  assert.match(steps[1] ?? '', new RegExp(`^${id} .* CMD \\["cat" "note.txt" "who"\\] +0B `));
  assert.match(steps[2] ?? '', /^<missing> .* RUN .*echo "\$WHO" > who/);
  const format =
    '{{range $i, $tag := .RepoTags}}{{if $i}},{{end}}{{$tag}}{{end}} {{len .RootFS.Layers}}';
  assert.match((await good(root, 'inspect', '-f', format, 'app:1')).stdout, /^app:1,other:1 \d\n$/);
  const names = await good(root, 'images', '-f', 'reference=a*', '--format', '{{.Repository}}');
  assert.equal(names.stdout, 'app\n');
  const plan = (await good(root, 'rmi', '--dry-run', 'app:1', 'other:1')).stdout;
  assert.match(plan, new RegExp(`Would delete: ${id}\\nTotal reclaimable space: [1-9]`));
  rmSync(join(root, 'blobs/sha256', id.replace('sha256:', '')));
  const { stdout, stderr } = await good(root, 'images', '-q', 'app');
  assert.equal(stdout, '');
  assert.match(stderr, /^WARNING: app:1 cannot be read: .*\n {2}fix: "slipway system check" /);
});

flow('tag, images, inspect, rmi', async (folder) => {
  const root = folder.at('store');
  const context = writeContext(folder.at('context'), 'FROM scratch\nCOPY busybox /\n');
  await good(root, 'build', '-t', 'a:1', context);
  await good(root, 'tag', 'a:1', 'localhost:5000/team/b:2');
  const id = await idOf(root, 'a:1');
  const short = id.slice(7, 19);
  const { stdout } = await good(root, 'images');
  assert.match(stdout, /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\n/);
  assert.match(stdout, new RegExp(`^a +1 +${short} `, 'm'));
  assert.match(stdout, new RegExp(`^localhost:5000/team/b +2 +${short} `, 'm'));
  const [image] = JSON.parse((await good(root, 'inspect', short)).stdout);
  assert.equal(image.Id, id);
  assert.deepEqual([...image.RepoTags].sort(), ['a:1', 'localhost:5000/team/b:2']);
  assert.equal(image.Os, 'linux');
  assert.equal(image.RootFS.Layers.length, 1);

  const name = (await good(root, 'rmi', 'a:1')).stdout;
  assert.match(name, /^Untagged: a:1\n/);
  assert.doesNotMatch(name, /Deleted:/);
  const last = (await good(root, 'rmi', 'localhost:5000/team/b:2')).stdout.split('\n');
  assert.equal(last[0], 'Untagged: localhost:5000/team/b:2');
  assert.ok(last.includes(`Deleted: ${id}`));
  const gone = await slipway(['inspect', 'a:1'], on(root));
  assert.equal(gone.exitCode, 1);
  assert.equal(gone.stdout, '[]\n');
  assert.match(gone.stderr, /^ERROR: No such object: a:1\n/);
});

flow('save and load, through a file and through a pipe', async (folder) => {
  const first = folder.at('first');
  const context = writeContext(folder.at('context'), 'FROM scratch\nCOPY busybox /bin/sh\n');
  await good(first, 'build', '-t', 'a:1', context);
  const id = await idOf(first, 'a:1');
  const archive = folder.at('a.tar');
  await good(first, 'save', '-o', archive, 'a:1');
  assert.ok(existsSync(archive));
  assert.equal(
    (await good(folder.at('second'), 'load', '-i', archive)).stdout,
    'Loaded image: a:1\n',
  );
  assert.equal(await idOf(folder.at('second'), 'a:1'), id);

  const piped = await slipway(['load'], {
    ...on(folder.at('third')),
    input: readFileSync(archive),
  });
  assert.equal(piped.stdout, 'Loaded image: a:1\n');
  assert.equal(
    (await good(folder.at('third'), 'run', 'a:1', '/bin/sh', '-c', 'echo hi')).stdout,
    'hi\n',
  );
});

flow('push and pull through our registry', async (folder) => {
  const first = folder.at('first');
  const second = folder.at('second');
  const context = writeContext(folder.at('context'), APP, { 'note.txt': 'n\n' });
  await good(first, 'build', '-t', 'app:1', context);
  const registry = startSlipway(
    ['registry', 'serve', '--addr', '127.0.0.1:0'],
    on(folder.at('registry')),
  );
  const [, host] =
    /^Registry listening on http:\/\/(127\.0\.0\.1:\d+)$/.exec(await registry.firstLine) ?? [];
  assert.ok(host);
  const name = `${host}/team/app:1`;
  await good(first, 'tag', 'app:1', name);
  const pushed = (await good(first, 'push', name)).stdout;
  assert.match(pushed, new RegExp(`^The push refers to repository \\[${host}/team/app\\]\n`));
  assert.match(pushed, /\n1: digest: sha256:[0-9a-f]{64} size: \d+\n$/);
  const [, digest] = /digest: (\S+)/.exec(pushed) ?? [];
  const again = (await good(first, 'push', name)).stdout;
  assert.match(again, /: Layer already exists\n/);
  assert.doesNotMatch(again, /: Pushed\n/);

  const pulled = (await good(second, 'pull', name)).stdout;
  assert.match(pulled, /^1: Pulling from team\/app\n/);
  assert.ok(
    pulled.endsWith(`Digest: ${digest}\nStatus: Downloaded newer image for ${name}\n${name}\n`),
  );
  assert.match((await good(second, 'pull', name)).stdout, /\nStatus: Image is up to date for /);
  assert.equal(await idOf(second, name), await idOf(first, 'app:1'));
  assert.equal((await good(second, 'run', name)).stdout, 'n\nnobody\n');

  const third = folder.at('third');
  const run = await good(third, 'run', '-q', name);
  assert.equal(run.stdout, 'n\nnobody\n');
  assert.match(run.stderr, new RegExp(`^Unable to find image '${name}' locally\n`));

  const missing = await slipway(['pull', `${host}/nosuch`], on(second));
  assert.equal(missing.exitCode, 1);
  assert.match(missing.stderr, /^ERROR: .*not found/m);
  registry.kill('SIGINT');
  assert.equal((await registry.outcome).exitCode, 0);
});

flow('Ctrl-C in a build: 130, and nothing is left', async (folder) => {
  const dockerfile = `${BUSYBOX_BASE}RUN echo started && sleep 60\n`;
  const context = writeContext(folder.at('context'), dockerfile);
  const root = folder.at('store');
  const build = startSlipway(['build', context], on(root));
  await waitForLog(build, / started$/m);
  build.kill('SIGINT');
  const { exitCode } = await build.outcome;
  assert.equal(exitCode, 130);
});

/** Until stderr shows the pattern. */
async function waitForLog(
  process: ReturnType<typeof startSlipway>,
  pattern: RegExp,
): Promise<void> {
  const found = Promise.withResolvers<void>();
  process.onLog((text) => {
    if (pattern.test(text)) found.resolve();
  });
  await Promise.race([
    found.promise,
    process.outcome.then(({ stderr }) => assert.match(stderr, pattern)),
  ]);
}
