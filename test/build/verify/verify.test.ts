/** Builds that are made twice: what is told of those that differ, and that nothing of the second stays. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import type { Event } from '#core/events.ts';
import type { BuildOptions } from '#engine.ts';
import { BUSYBOX_BASE, busyboxUnfit } from '#test/helpers/busybox-context.ts';
import { type EngineFixture, withEngine } from '#test/helpers/engine.ts';
import { fileServer } from '#test/helpers/file-server.ts';

const skip = busyboxUnfit() ?? false;

function contextOf(fixture: EngineFixture, Dockerfile: string): string {
  const folder = fixture.context({ Dockerfile });
  copyFileSync('/bin/busybox', join(folder, 'busybox'));
  return folder;
}

/** The notes of a build that does not come out the same, and its error. */
async function told(fixture: EngineFixture, options: BuildOptions) {
  const events: Event[] = [];
  const building = fixture.engine.build({ ...options, events: (event) => events.push(event) });
  const error: unknown = await building.then(
    () => assert.fail('it was the same twice'),
    (thrown: unknown) => thrown,
  );
  assert.ok(isSlipwayError(error, 'NOT_REPRODUCIBLE'), String(error));
  const notes = events.flatMap((event) => (event.kind === 'note' ? [event.text] : []));
  return { error, text: notes.join('\n') };
}

test('two builds that are the same: said, named, with the steps run twice', { skip }, () =>
  withEngine({}, async (fixture) => {
    const { engine, build } = fixture;
    const Dockerfile = `${BUSYBOX_BASE}RUN --mount=type=cache,target=/c \\
  echo "RAN $(ls /c | wc -l)"; echo x > /c/x; echo made > /made\n`;
    const context = contextOf(fixture, Dockerfile);
    const { log, events, steps } = await build({ context, tags: ['app'], verify: true });
    assert.deepEqual(log.match(/RAN 0/g), ['RAN 0', 'RAN 0'], 'each has a cache mount of its own');
    assert.equal(steps.run, 3);
    const notes = events.flatMap((event) => (event.kind === 'note' ? [event.text] : []));
    assert.deepEqual(notes, ['verified: 3 steps gave the same layers twice']);
    await engine.inspect('app');
    const { cache } = await engine.diskUsage();
    assert.deepEqual(
      cache.flatMap(({ isMount, description }) => (isMount ? description : [])),
      ['cached mount /c'],
    );
    assert.deepEqual((await build({ context })).steps, { run: 0, cached: 3 });
  }),
);

test('the step that differs first is named, in whichever stage it is', { skip }, () =>
  withEngine({}, async (fixture) => {
    const Dockerfile = `${BUSYBOX_BASE.replace('scratch', 'scratch AS build')}
RUN cat /proc/sys/kernel/random/uuid > /id && echo same > /same
FROM build AS after
RUN cat /proc/sys/kernel/random/uuid > /other
FROM scratch
COPY --from=build /id /id
COPY --from=after /other /other
`;
    const options = { context: contextOf(fixture, Dockerfile), tags: ['app'], verify: true };
    const { error, text } = await told(fixture, options);
    assert.match(
      text,
      /^the builds differ first in Dockerfile:5\n {2}\[build 3\/3\] RUN cat .*\n {2}\/id: content, from byte \d+ on\n {4}1st build: "[0-9a-f]{8}-.*\n {4}2nd build: "[0-9a-f]{8}-.*\n {2}likely cause: random numbers$/m,
    );
    assert.equal(error.detail.path, '/id');
    assert.ok(error.detail.range);
    await assert.rejects(fixture.engine.inspect('app'), { code: 'IMAGE_UNKNOWN' });
    const usage = await fixture.engine.gc({ dryRun: true });
    assert.equal(usage.freedBytes, 0, 'what the second build made is gone');
  }),
);

test('a file that only one build deletes or has is a difference', { skip }, () =>
  withEngine({}, async (fixture) => {
    const Dockerfile = `${BUSYBOX_BASE}RUN touch /file-$(cat /proc/sys/kernel/random/uuid)\n`;
    const options = { context: contextOf(fixture, Dockerfile), tags: [], verify: true };
    const { text } = await told(fixture, options);
    assert.match(text, /\/file-\S+: only the (?:first|second) build has it\n {2}and \/file-/);
    assert.match(text, /likely cause: a name that is random/);
  }),
);

test(
  'times of files and of the image are the same in both, without SOURCE_DATE_EPOCH too',
  { skip },
  () =>
    withEngine({}, async (fixture) => {
      const Dockerfile = `${BUSYBOX_BASE}RUN mkdir /d && sleep 1.1 && touch /d/f\nLABEL a=b\n`;
      await fixture.build({ context: contextOf(fixture, Dockerfile), verify: true });
      await fixture.build({
        context: contextOf(fixture, Dockerfile),
        verify: true,
        sourceDateEpoch: 5,
      });
    }),
);

test('a command that heeds SOURCE_DATE_EPOCH sees it where it is declared', { skip }, () =>
  withEngine({}, async (fixture) => {
    const Dockerfile = `${BUSYBOX_BASE}RUN echo "SAID=$SOURCE_DATE_EPOCH="
ARG SOURCE_DATE_EPOCH
RUN echo "SAID=$SOURCE_DATE_EPOCH=" && date -d @$SOURCE_DATE_EPOCH > /date
`;
    const context = contextOf(fixture, Dockerfile);
    const { log, events } = await fixture.build({ context, verify: true, sourceDateEpoch: 17 });
    assert.deepEqual(log.match(/SAID=\d*=/g), ['SAID==', 'SAID=17=', 'SAID==', 'SAID=17=']);
    assert.ok(!events.some((event) => event.kind === 'note' && /not consumed/.test(event.text)));
  }),
);

test('a download that changed in between is somebody else’s doing', () =>
  withEngine({}, async (fixture) => {
    await using server = await fileServer({});
    let count = 0;
    Object.defineProperty(server.files, '/f', {
      get: () => ({ body: `${count++}`, hasTag: false }),
    });
    const Dockerfile = 'FROM scratch\nARG URL\nADD $URL/f /f\n';
    const buildArgs = { URL: server.url };
    const context = fixture.context({ Dockerfile });
    const { text, error } = await told(fixture, { context, tags: [], buildArgs, verify: true });
    assert.match(text, /likely cause: what was fetched/);
    assert.match(error.hint ?? '', /--lock/);
  }));
