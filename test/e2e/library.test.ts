/** The library as a program gets it: by its package name, from the bundle. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { HELPER } from '#test/helpers/engine.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';
import type * as Library from '../../src/index.ts';

test('import from slipway: build, inspect, save, and an error by its code', async () => {
  // By a name the compiler does not follow: the declarations are made by `npm run build` only.
  const name: string = 'slipway';
  const library: typeof Library = await import(name);
  using folder = tempFolder();
  mkdirSync(folder.at('context'));
  writeFileSync(folder.at('context', 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\nENV A=1\n');
  await using engine = await library.openEngine({
    root: folder.at('store'),
    helper: HELPER,
    snapshotter: 'auto',
    parallelTransfers: 2,
  });
  const { imageId } = await engine.build({ context: folder.at('context'), tags: ['app:1'] });
  const found = await engine.inspect('app:1');
  assert.equal(found.imageId, imageId);
  assert.equal(library.formatReference(library.parseReference('app:1')), 'docker.io/library/app:1');
  await engine.save(['app:1'], folder.at('app.tar'));
  await assert.rejects(engine.inspect('nosuch'), (error: unknown) =>
    library.isSlipwayError(error, 'IMAGE_UNKNOWN'),
  );
});
