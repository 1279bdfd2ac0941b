/** Times that were asked for reach what the cache made without them. */
import assert from 'node:assert/strict';
import { statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withEngine } from '#test/helpers/engine.ts';

const EPOCH = 1_500_000_000;
const DATE = new Date(EPOCH * 1000).toISOString();

/** A base and an image upon it; `old` is older than the epoch, `new` newer. */
const DOCKERFILE = `FROM base:1
COPY old new /
LABEL a=b
`;

test('cached layers and history are as if made with the time; the base is not touched', () =>
  withEngine({}, async ({ engine, context, build, folder }) => {
    await build({
      context: context({ Dockerfile: 'FROM scratch\nCOPY init /\n' }),
      tags: ['base:1'],
    });
    const place = context({ Dockerfile: DOCKERFILE, old: 'old', new: 'new' });
    utimesSync(join(place, 'old'), EPOCH - 1000, EPOCH - 1000);
    const options = { context: place, tags: ['app:1'], sourceDateEpoch: EPOCH };
    const fresh = await build({ ...options, noCache: true });
    await build({ ...options, noCache: true, sourceDateEpoch: EPOCH + 1 });
    await build({ context: place, noCache: true });
    const cached = await build(options);
    assert.deepEqual(cached.steps, { run: 0, cached: 1 });
    assert.equal(cached.imageId, fresh.imageId);
    const { config } = await engine.inspect('app:1');
    const base = await engine.inspect('base:1');
    assert.equal(config.rootfs.diff_ids[0], base.config.rootfs.diff_ids[0]);
    assert.equal(config.history[0]?.created, base.config.history[0]?.created);
    assert.deepEqual([config.created, config.history[1]?.created], [DATE, DATE]);
    const out = join(folder, 'out');
    await build({ ...options, outputs: [{ kind: 'local', destination: out }] });
    const times = ['old', 'new'].map((name) => statSync(join(out, name)).mtimeMs / 1000);
    assert.deepEqual(times, [EPOCH - 1000, EPOCH]);
  }));

test('exactly the time: older files have it, too', () =>
  withEngine({}, async ({ engine, context, build, folder }) => {
    const place = context({ Dockerfile: 'FROM scratch\nCOPY old /\n', old: 'old' });
    utimesSync(join(place, 'old'), 1000, 1000);
    const out = join(folder, 'out');
    await build({
      context: place,
      tags: ['app:1'],
      sourceDateEpoch: EPOCH,
      exactTimes: true,
      outputs: [
        { kind: 'image', names: [], push: false, format: { docker: false } },
        { kind: 'local', destination: out },
      ],
    });
    assert.equal(statSync(join(out, 'old')).mtimeMs / 1000, EPOCH);
    assert.equal((await engine.inspect('app:1')).config.created, DATE);
  }));
