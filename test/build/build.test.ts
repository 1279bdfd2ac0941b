/** Whole builds through the library with the test program as the root file system; every snapshotter. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import type { Event } from '#core/events.ts';
import type { Settings } from '#engine.ts';
import { cannotRunContainers, withEngine } from '#test/helpers/engine.ts';

const skip = cannotRunContainers();

const BASE = 'FROM scratch\nCOPY init /bin/init\n';
const all: readonly Settings['snapshotter'][] = ['erofs', 'folders'];

for (const snapshotter of all) {
  test(`${snapshotter}: RUN sees the layers below and leaves one of its own`, { skip }, () =>
    withEngine({ snapshotter }, async ({ engine, context, build }) => {
      const Dockerfile = `${BASE}COPY greeting /etc/greeting
RUN ["init", "cat", "/etc/greeting"]
RUN ["init", "write", "/made", "by run"]
RUN ["init", "rm", "/etc/greeting"]
RUN ["init", "ls", "/", "/etc"]
CMD ["init", "cat", "/made"]
`;
      const folder = context({ Dockerfile, greeting: 'hello from the context' });
      const built = await build({ context: folder, tags: ['app:1'] });
      assert.match(built.log, /hello from the context/);
      assert.equal(built.steps.run, 6);
      const lines: string[] = [];
      const { exitCode } = await engine.run({
        image: 'app:1',
        output: (_, bytes) => lines.push(Buffer.from(bytes).toString()),
      });
      assert.equal(exitCode, 0);
      assert.match(lines.join(''), /by run/);
    }),
  );

  test(`${snapshotter}: a second build runs nothing and gives the same image`, { skip }, () =>
    withEngine({ snapshotter }, async ({ context, build }) => {
      const folder = context({
        Dockerfile: `${BASE}RUN ["init", "write", "/a", "1"]\nLABEL x=y\n`,
      });
      const first = await build({ context: folder, tags: ['app:1'] });
      const second = await build({ context: folder, tags: ['app:1'] });
      assert.deepEqual(second.steps, { run: 0, cached: 2 });
      assert.equal(second.imageId, first.imageId);
      assert.equal(second.manifest.digest, first.manifest.digest);
      const third = await build({ context: folder, tags: ['app:1'], noCache: true });
      assert.deepEqual(third.steps, { run: 2, cached: 0 });
    }),
  );
}

test('both snapshotters give the same layers', { skip }, async () => {
  const diffIds: (readonly string[])[] = [];
  for (const snapshotter of all) {
    await withEngine({ snapshotter }, async ({ engine, context, build }) => {
      const Dockerfile = `${BASE}WORKDIR /w
RUN ["init", "mkdir", "/d", "/d/e"]
RUN ["init", "write", "/d/e/f", "text"]
RUN ["init", "ln", "/d/e/f", "/d/hard"]
RUN ["init", "rm", "/d/e/f"]
`;
      await build({ context: context({ Dockerfile }), tags: ['app'], sourceDateEpoch: 1 });
      diffIds.push((await engine.inspect('app')).config.rootfs.diff_ids);
    });
  }
  assert.deepEqual(diffIds[0]?.slice(1), diffIds[1]?.slice(1));
});

test('stages: FROM and COPY --from, owners kept, only what the target needs', { skip }, () =>
  withEngine({}, async ({ context, build }) => {
    const Dockerfile = `${BASE}
FROM scratch AS unused
RUN ["nothing", "here"]
FROM scratch AS made
COPY init /bin/init
RUN ["init", "mkdir", "/out"]
RUN ["init", "write", "/out/f", "from a stage"]
RUN ["init", "chown", "5:6", "/out/f"]
FROM made AS last
COPY --from=made /out /copied
COPY --from=2 --chown=7 /out/f /owned/
RUN ["init", "stat", "/copied/f", "/owned/f"]
`;
    const { log } = await build({ context: context({ Dockerfile }) });
    assert.match(log, /5.6.*\/copied\/f|\/copied\/f.*5.6/s);
    assert.match(log, /7.7.*\/owned\/f|\/owned\/f.*7.7/s);
  }),
);

test('ARG, ENV, WORKDIR and USER reach the process', { skip }, () =>
  withEngine({}, async ({ engine, context, build }) => {
    const Dockerfile = `${BASE}ARG WHO=nobody
ENV GREETING="hello $WHO"
COPY passwd /etc/passwd
WORKDIR /work/here
USER app
RUN ["init", "env"]
RUN ["init", "pwd"]
RUN ["init", "id"]
`;
    const passwd = 'app:x:1000:1001::/home/app:/bin/sh\n';
    const { log } = await build({
      context: context({ Dockerfile, passwd }),
      tags: ['app'],
      buildArgs: { WHO: 'world' },
    });
    assert.match(log, /^GREETING=hello world$/m);
    assert.match(log, /^HOME=\/home\/app$/m);
    assert.match(log, /^\/work\/here$/m);
    assert.match(log, /1000.*1001/);
    const { config } = (await engine.inspect('app')).config;
    assert.equal(config.User, 'app');
    assert.equal(config.WorkingDir, '/work/here');
  }),
);

test('mount points and files of the container stay out of the layer', { skip }, () =>
  withEngine({}, async ({ engine, context, build }) => {
    await build({
      context: context({ Dockerfile: `${BASE}RUN ["init", "cat", "/etc/hosts"]\n` }),
      tags: ['app'],
    });
    const [, layer] = (await engine.inspect('app')).config.rootfs.diff_ids;
    // The digest of an empty tar: two zero blocks.
    assert.equal(layer, 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef');
  }),
);

test(
  'ONBUILD runs in the child, before its own instructions, and not in the grandchild',
  { skip },
  () =>
    withEngine({}, async ({ engine, context, build }) => {
      const parent = `${BASE}ONBUILD COPY here /here\nONBUILD RUN ["init", "cat", "/here"]\n`;
      await build({ context: context({ Dockerfile: parent }), tags: ['parent'] });
      const folder = context({ Dockerfile: 'FROM parent\nENV A=1\n', here: 'from the child' });
      const child = await build({ context: folder, tags: ['child'] });
      assert.match(child.log, /from the child/);
      assert.equal((await engine.inspect('child')).config.config.OnBuild, undefined);
      const grandchild = await build({ context: context({ Dockerfile: 'FROM child\nENV B=1\n' }) });
      assert.deepEqual(grandchild.steps, { run: 0, cached: 0 });
    }),
);

test('an error in ONBUILD shows the trigger, not a line of this Dockerfile', { skip }, () =>
  withEngine({}, async ({ context, build }) => {
    await build({
      context: context({ Dockerfile: `${BASE}ONBUILD COPY missing /x\n` }),
      tags: ['parent'],
    });
    await assert.rejects(
      build({ context: context({ Dockerfile: 'FROM parent\n' }) }),
      (error: unknown) => {
        assert.ok(isSlipwayError(error, 'SOURCE_MISSING'));
        assert.deepEqual(error.detail.source, {
          name: 'ONBUILD of the base image',
          text: 'COPY missing /x\n',
        });
        assert.deepEqual(error.detail.range, { start: 5, end: 12 });
        return true;
      },
    );
  }),
);

test('a mistyped stage in --from is answered with the stage', () =>
  withEngine({ helper: '/nonexistent/helper' }, async ({ context, build }) => {
    const Dockerfile = 'FROM scratch AS build\nFROM scratch\nCOPY --from=biuld /x /x\n';
    await assert.rejects(build({ context: context({ Dockerfile }) }), {
      code: 'BASE_UNKNOWN',
      hint: 'did you mean the stage build?',
    });
  }));

test('ADD unpacks archives by content, COPY does not, a plain file is just added', () =>
  withEngine({}, async ({ engine, folder, context, build }) => {
    const Dockerfile = 'FROM scratch\nADD data.bin plain.txt /out/\nCOPY data.bin /raw\n';
    const place = context({ Dockerfile, 'plain.txt': 'not a tar' });
    mkdirSync(join(folder, 'inner/d'), { recursive: true });
    writeFileSync(join(folder, 'inner/d/f'), 'in the archive');
    execFileSync('tar', ['-czf', join(place, 'data.bin'), '-C', join(folder, 'inner'), '.']);
    await build({ context: place, tags: ['app'] });
    const tar = join(folder, 'app.tar');
    await engine.save(['app'], tar);
    const layers = (await engine.inspect('app')).config.rootfs.diff_ids.map((diffId) => {
      const layer = execFileSync('tar', ['-xOf', tar, `blobs/sha256/${diffId.slice(7)}`]);
      return execFileSync('tar', ['-t'], { input: layer }).toString().trim().split('\n');
    });
    assert.deepEqual(layers, [['out/', 'out/d/', 'out/d/f', 'out/plain.txt'], ['raw']]);
  }));

test('hard links of the context stay links within one source, never between two', () =>
  withEngine({}, async ({ engine, folder, context, build }) => {
    const Dockerfile = 'FROM scratch\nCOPY d /d/\nCOPY d/a d/b /two/\nCOPY d/a /alone\n';
    const place = context({ Dockerfile, 'd/a': 'content' });
    linkSync(join(place, 'd/a'), join(place, 'd/b'));
    await build({ context: place, tags: ['app'] });
    const tar = join(folder, 'app.tar');
    await engine.save(['app'], tar);
    const layers = (await engine.inspect('app')).config.rootfs.diff_ids.map((diffId) => {
      const layer = execFileSync('tar', ['-xOf', tar, `blobs/sha256/${diffId.slice(7)}`]);
      const listing = execFileSync('tar', ['-tv'], { input: layer }).toString().trim().split('\n');
      return listing.map((line) => line.replace(/^(.).*:\d\d /, '$1 '));
    });
    assert.deepEqual(layers, [
      ['d d/', '- d/a', 'h d/b link to d/a'],
      ['d two/', '- two/a', '- two/b'],
      ['- alone'],
    ]);
  }));

test('heredocs: files of COPY are expanded unless quoted', { skip }, () =>
  withEngine({}, async ({ context, build }) => {
    const Dockerfile = `${BASE}ENV WHO=world
COPY <<plain <<"quoted" /etc/
hello $WHO
plain
hello $WHO
quoted
RUN ["init", "cat", "/etc/plain", "/etc/quoted"]
`;
    const { log } = await build({ context: context({ Dockerfile }) });
    assert.equal(log, 'hello world\nhello $WHO\n');
  }),
);

test('a failing RUN: exit code, place, output; nothing is named', { skip }, () =>
  withEngine({}, async ({ engine, context, build }) => {
    const folder = context({ Dockerfile: `${BASE}RUN ["init", "exit", "3"]\n` });
    await assert.rejects(build({ context: folder, tags: ['bad:1'] }), (error: unknown) => {
      assert.ok(isSlipwayError(error, 'RUN_FAILED'));
      assert.equal(
        error.message,
        'process "init exit 3" did not complete successfully: exit code: 3',
      );
      assert.equal(error.detail.exitCode, 3);
      assert.deepEqual(error.detail.range, {
        start: BASE.length,
        end: BASE.length + 'RUN ["init", "exit", "3"]'.length,
      });
      return true;
    });
    assert.deepEqual(await engine.images(), []);
  }),
);

test('a command that does not exist is exit code 127 with a fix', { skip }, () =>
  withEngine({}, async ({ context, build }) => {
    const folder = context({ Dockerfile: `${BASE}RUN ["nosuch"]\n` });
    await assert.rejects(build({ context: folder }), {
      code: 'RUN_FAILED',
      message: /exit code: 127/,
      hint: /nosuch|PATH|found/,
    });
  }),
);

test('aborting ends the container and the build', { skip }, () =>
  withEngine({}, async ({ engine, context }) => {
    const controller = new AbortController();
    const folder = context({ Dockerfile: `${BASE}RUN ["init", "sleep", "600"]\n` });
    const started = (event: Event): void => {
      if (event.kind === 'vertex-started' && event.name.includes('RUN'))
        setTimeout(() => controller.abort(), 200);
    };
    await assert.rejects(
      engine.build({ context: folder, tags: [], events: started, signal: controller.signal }),
    );
  }),
);

test('COPY without RUN needs no helper at all', () =>
  withEngine({ helper: '/nonexistent/helper' }, async ({ engine, context, build }) => {
    const folder = context({
      Dockerfile: 'FROM scratch\nCOPY a /x/a\nADD b /x/\nENV A=1\n',
      a: 'A',
      b: 'B',
    });
    await build({ context: folder, tags: ['data'] });
    assert.equal((await engine.inspect('data')).config.rootfs.diff_ids.length, 2);
  }));

test('a changed file runs the steps from its COPY on, a touched one none', { skip }, () =>
  withEngine({}, async ({ context, build }) => {
    const folder = context({ Dockerfile: `${BASE}COPY a /a\nRUN ["init", "true"]\n`, a: '1' });
    await build({ context: folder });
    writeFileSync(join(folder, 'a'), '1');
    assert.equal((await build({ context: folder })).steps.run, 0);
    writeFileSync(join(folder, 'a'), '2');
    assert.deepEqual((await build({ context: folder })).steps, { run: 2, cached: 1 });
  }),
);

test(
  'WORKDIR: written freely, made cleanly; the root needs no layer, a file is no folder',
  { skip },
  () =>
    withEngine({}, async ({ engine, context, build }) => {
      const Dockerfile = `${BASE}WORKDIR /w//x/../y/
USER 77
WORKDIR /mine
RUN ["init", "stat", "/mine"]
WORKDIR /w//x/../y/
RUN ["init", "pwd"]
WORKDIR sub/
WORKDIR /
`;
      const { log } = await build({ context: context({ Dockerfile }), tags: ['app'] });
      assert.match(log, /77.77.*\/mine|\/mine.*77.77/s);
      assert.match(log, /^\/w\/y$/m);
      const { rootfs, history = [] } = (await engine.inspect('app')).config;
      assert.equal(rootfs.diff_ids.length, 7);
      assert.equal(history.at(-2)?.created_by, 'WORKDIR /w/y/sub');
      assert.equal(history.at(-1)?.empty_layer, true);
      await build({
        context: context({ Dockerfile: `${BASE}WORKDIR /a/b/../c/\n` }),
        tags: ['app'],
      });
      const lines: string[] = [];
      const output = (_: unknown, bytes: Uint8Array) => lines.push(Buffer.from(bytes).toString());
      await engine.run({ image: 'app', command: ['init', 'pwd'], output });
      assert.equal(lines.join('').trim(), '/a/c');
      const onFile = context({ Dockerfile: `${BASE}WORKDIR /bin/init\n` });
      await assert.rejects(build({ context: onFile }), {
        code: 'PATH_NOT_DIRECTORY',
        message: 'mkdir /bin/init: not a directory',
      });
    }),
);

test('history shows the destination as written', () =>
  withEngine({}, async ({ engine, context, build }) => {
    const Dockerfile = 'FROM scratch\nARG D=sub\nCOPY a ./$D/\nCOPY --chmod= a .\n';
    await build({ context: context({ Dockerfile, a: 'A' }), tags: ['app'] });
    const { history = [] } = (await engine.inspect('app')).config;
    assert.deepEqual(
      history.map(({ created_by }) => created_by),
      ['ARG D=sub', 'COPY a ./sub/', 'COPY a .'],
    );
  }));

test('RUN without a command is refused', () =>
  withEngine({}, async ({ context, build }) => {
    const folder = context({ Dockerfile: 'FROM scratch\nRUN []\n' });
    await assert.rejects(build({ context: folder }), { code: 'DOCKERFILE_INVALID' });
  }));

test('findings of the checks are events of the build; error=true ends it before any step', () =>
  withEngine({ helper: '/nonexistent/helper' }, async ({ context, build }) => {
    const text = 'FROM scratch\nMAINTAINER me\n';
    const { events } = await build({ context: context({ Dockerfile: text }) });
    const codes = events.flatMap((event) =>
      event.kind === 'diagnostic' ? [event.diagnostic.code] : [],
    );
    assert.deepEqual(codes, ['MaintainerDeprecated']);
    const strict = context({ Dockerfile: `# check=error=true\n${text}` });
    await assert.rejects(build({ context: strict }), {
      code: 'DOCKERFILE_INVALID',
      message: 'lint violation found for rules: MaintainerDeprecated',
    });
  }));

test('a chain of ten thousand stages is built', async () => {
  await withEngine({}, async ({ context, build }) => {
    const lines = ['FROM scratch AS s0'];
    for (let number = 1; number < 10_000; number++) {
      lines.push(`FROM s${number - 1} AS s${number}`);
    }
    lines.push('LABEL last=yes');
    const { imageId } = await build({ context: context({ Dockerfile: lines.join('\n') }) });
    assert.match(imageId, /^sha256:/);
  });
});
