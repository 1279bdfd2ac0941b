/** Two images compared: config, layers, files. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageDiff } from '#core/image-files.ts';
import { diffImages } from '#image/diff.ts';
import { device, directory, file, hardlink, symlink } from '#test/helpers/entries.ts';
import { type ImageFixture, imageFixture } from '#test/helpers/layered-images.ts';

const BASE = [directory('etc'), file('etc/a', 'a'), file('etc/b', 'b'), symlink('l', 'etc/a')];

function diff(fixture: ImageFixture, times = false): Promise<ImageDiff> {
  return diffImages('old', 'new', { ...fixture.look, times });
}

function lines({ files }: ImageDiff): string[] {
  return files.map((one) => {
    const sizes = `${one.sizeBefore ?? '-'}/${one.sizeAfter ?? '-'}`;
    return [one.change, one.path, sizes, ...one.differences].join(' ');
  });
}

test('an image and itself', async () => {
  await using fixture = await imageFixture();
  await fixture.add('old', [BASE]);
  await fixture.add('new', [BASE]);
  const { isSame, config, files, layers } = await diff(fixture, true);
  assert.deepEqual([isSame, config, files], [true, [], []]);
  assert.deepEqual([layers.shared.length, layers.onlyBefore, layers.onlyAfter], [1, [], []]);
});

test('files added, changed and deleted, with why', async () => {
  await using fixture = await imageFixture();
  const rest = [
    directory('dir'),
    file('dir/in', 'in'),
    file('content', '1'),
    file('size', '1'),
    file('mode', 'm'),
    file('owner', 'o'),
    file('attribute', 'a', { xattrs: { 'user.a': '1' } }),
    file('kind', 'k'),
    symlink('target', 'a'),
    device('device', { kind: 'char', major: 1, minor: 3 }),
    file('time', 't'),
  ];
  await fixture.add('old', [BASE, rest]);
  const changed = [
    file('.wh.dir'),
    file('content', '2'),
    file('size', '22'),
    file('mode', 'm', { mode: 0o600 }),
    file('owner', 'o', { uid: 9 }),
    file('attribute', 'a', { xattrs: { 'user.a': '2' } }),
    directory('kind'),
    file('kind/new', 'new'),
    symlink('target', 'b'),
    device('device', { kind: 'char', major: 1, minor: 5 }),
    file('time', 't', { mtime: { seconds: 1, nanoseconds: 0 } }),
    hardlink('linked', 'etc/a'),
  ];
  await fixture.add('new', [BASE, rest, changed]);
  const expected = [
    'changed /attribute 1/1 xattrs',
    'changed /content 1/1 content',
    'changed /device 0/0 device',
    'deleted /dir 0/-',
    'deleted /dir/in 2/-',
    'changed /kind 1/0 type mode',
    'added /kind/new -/3',
    'added /linked -/1',
    'changed /mode 1/1 mode',
    'changed /owner 1/1 owner',
    'changed /size 1/2 content',
    'changed /target 0/0 target',
  ];
  assert.deepEqual(lines(await diff(fixture)), expected);
  const withTimes = lines(await diff(fixture, true));
  assert.deepEqual(
    withTimes.filter((line) => !expected.includes(line)),
    ['changed /time 1/1 time'],
  );
});

test('the same files in other layers are the same; layers say how they are cut', async () => {
  await using fixture = await imageFixture();
  const history = [{ created_by: 'same' }];
  const old = await fixture.add('old', [BASE, [file('x', 'x')]], { history });
  const now = await fixture.add(
    'new',
    [BASE, [file('gone', 'g')], [file('.wh.gone'), file('x', 'x')]],
    {
      history,
    },
  );
  const { isSame, layers } = await diff(fixture);
  assert.equal(isSame, true);
  const ids = (some: ImageDiff['layers']['shared']): string[] => some.map(({ diffId }) => diffId);
  assert.deepEqual(ids(layers.shared), [old.layers[0]?.diffId]);
  assert.deepEqual(ids(layers.onlyBefore), [old.layers[1]?.diffId]);
  assert.deepEqual(ids(layers.onlyAfter), [now.layers[1]?.diffId, now.layers[2]?.diffId]);
});

test('config, value by value; times only when asked for', async () => {
  await using fixture = await imageFixture();
  await fixture.add('old', [BASE], {
    created: '2020-01-01T00:00:00Z',
    config: {
      Env: ['A=1', 'B=x=y'],
      Cmd: ['sh'],
      Labels: { gone: '1' },
      User: '',
      ExposedPorts: { '80/tcp': {} },
    },
    history: [{ created: '2020-01-01T00:00:00Z', created_by: 'a' }],
  });
  await fixture.add('new', [BASE], {
    config: { Env: ['B=x=y', 'A=2'], Cmd: ['sh', '-c'], ExposedPorts: { '80/tcp': {} } },
    history: [{ created: '2021-01-01T00:00:00Z', created_by: 'a' }],
  });
  const { isSame, config } = await diff(fixture);
  assert.equal(isSame, false);
  assert.deepEqual(config, [
    { field: 'Env.A', before: '1', after: '2' },
    { field: 'Cmd', before: ['sh'], after: ['sh', '-c'] },
    { field: 'Labels.gone', before: '1' },
  ]);
  const timed = (await diff(fixture, true)).config.map(({ field }) => field);
  assert.deepEqual(timed, ['Created', 'Env.A', 'Cmd', 'Labels.gone', 'History']);
});

test('large files that differ in their last byte', async () => {
  await using fixture = await imageFixture();
  const large = Buffer.alloc(2 * 1024 * 1024 + 7, 1);
  const other = Buffer.from(large);
  other[large.length - 1] = 2;
  await fixture.add('old', [[file('same', large), file('x', large)]]);
  await fixture.add('new', [[file('x', other), file('same', large)]]);
  assert.deepEqual(lines(await diff(fixture)), [
    `changed /x ${large.length}/${large.length} content`,
  ]);
});
