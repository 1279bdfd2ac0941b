/** `--squash`: one layer of those that the build adds, in every form of the result. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hostPlatform } from '#core/platform.ts';
import { withEngine } from '#test/helpers/engine.ts';

const BASE = `FROM scratch
COPY init /bin/init
COPY a /etc/a
COPY b /etc/b
`;
const TOP = `FROM base:1
COPY new /etc/new
COPY again /etc/new
COPY none/ /etc/
LABEL l=m
CMD ["init"]
`;
const FILES = { a: 'a', b: 'b', new: 'first', again: 'second', 'none/b': 'changed' };

test('the base keeps its layers, the history is all there, as docker writes it', () =>
  withEngine({}, async ({ engine, context, build }) => {
    const base = await build({
      context: context({ ...FILES, Dockerfile: BASE }),
      tags: ['base:1'],
    });
    const folder = context({ ...FILES, Dockerfile: TOP });
    const plain = await build({ context: folder, tags: ['plain:1'] });
    const built = await build({ context: folder, tags: ['app:1'], squash: true });
    assert.deepEqual(built.steps, { run: 0, cached: 3 }, 'the steps stay in the cache');
    const [below, whole, one] = await Promise.all(
      ['base:1', 'plain:1', 'app:1'].map((name) => engine.inspect(name)),
    );
    assert(below && whole && one);
    assert.deepEqual(one.config.rootfs.diff_ids.slice(0, 3), below.config.rootfs.diff_ids);
    assert.equal(one.config.rootfs.diff_ids.length, 4);
    assert.deepEqual(one.config.config, whole.config.config);
    const { history } = one.config;
    assert.deepEqual(history.slice(0, 3), below.config.history);
    assert.deepEqual(
      history
        .slice(3)
        .map(({ created_by, empty_layer, comment }) => [
          created_by ?? '',
          empty_layer ?? false,
          comment,
        ]),
      [
        ...whole.config.history
          .slice(3)
          .map(({ created_by, comment }) => [created_by, true, comment]),
        ['', false, `merge ${plain.imageId} to ${base.imageId}`],
      ],
    );
    assert.equal(one.config.created, whole.config.created);
    assert.deepEqual(await engine.diff('plain:1', 'app:1').then(({ files }) => files), []);
    const again = await build({ context: folder, tags: ['app:1'], squash: true });
    assert.equal(again.imageId, built.imageId);
    assert(!again.events.some((event) => 'name' in event && event.name.startsWith('squashing')));
  }));

test('without a base all layers become one; each platform has its own', () =>
  withEngine({}, async ({ engine, context, build, folder }) => {
    const Dockerfile = `${BASE}ARG TARGETARCH\nCOPY <<EOF /arch\n$TARGETARCH\nEOF\n`;
    const host = hostPlatform(process.arch);
    const other = { os: 'linux', architecture: 's390x' };
    const out = join(folder, 'out');
    await build({
      context: context({ ...FILES, Dockerfile }),
      tags: ['app:1'],
      platforms: [host, other],
      squash: true,
      outputs: [
        { kind: 'image', names: [], push: false, format: { docker: false } },
        { kind: 'local', destination: out },
      ],
    });
    for (const platform of [host, other]) {
      const { config } = await engine.inspect('app:1', { platform });
      assert.equal(config.rootfs.diff_ids.length, 1);
      assert.match(config.history.at(-1)?.comment ?? '', /^create new from sha256:/);
      const file = join(out, `linux_${platform.architecture}/arch`);
      assert.equal(readFileSync(file, 'utf8'), `${platform.architecture}\n`);
    }
  }));
