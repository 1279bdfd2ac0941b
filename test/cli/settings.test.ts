/** Settings: which source wins, and that each value knows where it came from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CliSettings, resolveSettings, type SettingsInput } from '#cli/settings.ts';
import { isSlipwayError } from '#core/errors.ts';

function settings(input: Partial<SettingsInput> = {}): CliSettings {
  return resolveSettings({ environment: {}, isRoot: true, ...input });
}

test('defaults of root', () => {
  const { engine, origins, progress, redraw, colour } = settings();
  assert.equal(engine.root, '/var/lib/slipway');
  assert.equal(engine.snapshotter, 'auto');
  assert.match(engine.helper, /\/native\/build\/slipway-native$/);
  assert.equal(progress, 'auto');
  assert.deepEqual([redraw, colour], [true, true]);
  assert.deepEqual([...new Set(Object.values(origins))], ['default']);
});

test('other users keep their store in their data folder', () => {
  const root = (environment: Record<string, string>): string =>
    settings({ environment, isRoot: false }).engine.root;
  assert.equal(root({ HOME: '/home/ann' }), '/home/ann/.local/share/slipway');
  assert.equal(root({ HOME: '/home/ann', XDG_DATA_HOME: '/data' }), '/data/slipway');
});

test('--root wins over SLIPWAY_ROOT', () => {
  const environment = { SLIPWAY_ROOT: '/from-variable' };
  assert.equal(settings({ environment }).engine.root, '/from-variable');
  assert.equal(settings({ environment }).origins['engine.root'], 'SLIPWAY_ROOT');
  const both = settings({ environment, root: '/from-flag' });
  assert.equal(both.engine.root, '/from-flag');
  assert.equal(both.origins['engine.root'], '--root');
});

test('an empty variable is not set', () => {
  const { engine, origins } = settings({ environment: { SLIPWAY_ROOT: '' } });
  assert.equal(engine.root, '/var/lib/slipway');
  assert.equal(origins['engine.root'], 'default');
});

test('CI and a dumb terminal switch cursor movement off, NO_COLOR colours only', () => {
  for (const environment of [{ CI: 'true' }, { TERM: 'dumb' }]) {
    assert.equal(settings({ environment }).redraw, false);
  }
  const { redraw, colour } = settings({ environment: { NO_COLOR: '1' } });
  assert.deepEqual([redraw, colour], [true, false]);
});

test('BUILDKIT_PROGRESS chooses among the displays there are', () => {
  const progress = (value: string): string =>
    settings({ environment: { BUILDKIT_PROGRESS: value } }).progress;
  assert.equal(progress('plain'), 'plain');
  assert.equal(progress('tty'), 'tty');
  assert.equal(progress('quiet'), 'quiet');
  assert.equal(progress('rawjson'), 'rawjson');
  assert.equal(progress('fancy'), 'auto');
});

test('SOURCE_DATE_EPOCH, DOCKER_CONFIG and the variables of the caller', () => {
  const environment = { SOURCE_DATE_EPOCH: '1700000000', DOCKER_CONFIG: '/cfg', X: 'y' };
  const found = settings({ environment });
  assert.equal(found.sourceDateEpoch, 1_700_000_000);
  assert.equal(found.engine.credentialsFile, '/cfg/config.json');
  assert.equal(found.origins['engine.credentialsFile'], 'DOCKER_CONFIG');
  assert.equal(found.variable('X'), 'y');
  assert.equal(found.variable('Y'), undefined);
});

for (const [name, value] of [
  ['SLIPWAY_SNAPSHOTTER', 'zfs'],
  ['SLIPWAY_PARALLEL_TRANSFERS', '0'],
  ['SOURCE_DATE_EPOCH', '-1'],
  ['SOURCE_DATE_EPOCH', 'now'],
] as const) {
  test(`refused: ${name}=${value}`, () => {
    assert.throws(
      () => settings({ environment: { [name]: value } }),
      (error) =>
        isSlipwayError(error, 'USAGE') && error.message === `invalid value "${value}" of ${name}`,
    );
  });
}

test('the runtime is ours unless a flag or a variable names another', () => {
  const of = (input: Partial<SettingsInput>) => settings(input).engine.runtime;
  assert.equal(of({}), undefined);
  const environment = { SLIPWAY_RUNTIME: 'crun', PATH: '/bin' };
  assert.deepEqual(of({ environment }), { name: 'crun', searchPath: '/bin' });
  assert.deepEqual(of({ environment, runtime: '/x/runc' }), {
    name: '/x/runc',
    searchPath: '/bin',
  });
  assert.equal(of({ environment, runtime: 'slipway' }), undefined);
});
