/** Device nodes made by RUN: they land in the layer, and the next RUN cannot open them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cannotRunContainers, withEngine } from '#test/helpers/engine.ts';

const skip = cannotRunContainers();

for (const snapshotter of ['erofs', 'folders'] as const) {
  test(`${snapshotter}: RUN mknod lands in the layer and opens nothing`, { skip }, () =>
    withEngine({ snapshotter }, async ({ context, build }) => {
      const Dockerfile = `FROM scratch
COPY init /bin/init
RUN ["init", "mknod", "/node", "1:5"]
RUN ["init", "all", "stat", "/node", ",", "open", "/node"]
`;
      const { log } = await build({ context: context({ Dockerfile }), tags: ['app'] });
      assert.match(log, /\/node 20600 0 0 0 1:5/);
      assert.match(log, /\/node Permission denied/);
    }),
  );
}
