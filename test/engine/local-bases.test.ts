/** A check knows the bases of the local store, and needs neither the store nor the network. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkValid } from '#engine/check-dockerfile.ts';
import { withEngine } from '#test/helpers/engine.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

const TEXT = 'FROM base:1\nLABEL a=$APP_HOME b=$APP_HOM\nEXPOSE $PORT\n';

async function findings(root: string, text: string): Promise<readonly string[]> {
  const { reported } = await checkValid({ file: { name: 'Dockerfile', text } }, { root });
  return reported.map(({ finding }) => finding.message);
}

test('what the base in the store sets is set', () =>
  withEngine({ helper: '/nonexistent/helper' }, async ({ folder, context, build }) => {
    const Dockerfile = 'FROM scratch\nCOPY a /\nENV APP_HOME=/srv PORT=80\n';
    await build({ context: context({ Dockerfile, a: 'a' }), tags: ['base:1'] });
    assert.deepEqual(await findings(join(folder, 'store'), TEXT), [
      "Usage of undefined variable '$APP_HOM' (did you mean $APP_HOME?)",
    ]);
    // Known to set no PORT: there the same word is a wrong port.
    const other = await build({
      context: context({ Dockerfile: 'FROM scratch\nCOPY a /\n', a: 'a' }),
      tags: ['base:2'],
    });
    assert.ok(other.imageId);
    const wrong = findings(join(folder, 'store'), 'FROM base:2\nEXPOSE $PORT/tcp\n');
    await assert.rejects(wrong, { message: 'invalid port: "/tcp": no port specified' });
  }));

test('of a base that is not here nothing is said, and no store is made', async () => {
  using folder = tempFolder();
  const root = folder.at('store');
  assert.deepEqual(await findings(root, 'FROM base:1\nEXPOSE $PORT\n'), [
    "Usage of undefined variable '$PORT'",
  ]);
  assert.ok(!existsSync(root));
});
