/** What flags take away from the config that the Dockerfile made. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withEngine } from '#test/helpers/engine.ts';

const DOCKERFILE = `FROM scratch
ENV KEPT=1 GONE=2 GONE_TOO=3
LABEL kept=1 gone=2 set=3
COPY init /
`;

test('variables, labels and history go; labels of the command line are set after that', () =>
  withEngine({}, async ({ engine, context, build }) => {
    await build({
      context: context({ Dockerfile: DOCKERFILE }),
      tags: ['app:1'],
      unsetEnv: ['GONE', 'GONE_TOO', 'NOT_THERE'],
      unsetLabels: ['gone', 'set'],
      labels: { set: 'again' },
      omitHistory: true,
    });
    const { config } = await engine.inspect('app:1');
    const [path = '', ...env] = config.config.Env ?? [];
    assert.match(path, /^PATH=/);
    assert.deepEqual(env, ['KEPT=1']);
    assert.deepEqual(config.config.Labels, { kept: '1', set: 'again' });
    assert.deepEqual(config.history, []);
  }));

test('the last label gone: the config has none', () =>
  withEngine({}, async ({ engine, context, build }) => {
    const folder = context({ Dockerfile: 'FROM scratch\nLABEL gone=2\nCOPY init /\n' });
    await build({ context: folder, tags: ['app:1'], unsetLabels: ['gone'] });
    assert.equal((await engine.inspect('app:1')).config.config.Labels, undefined);
  }));
