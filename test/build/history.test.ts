/** The times of an image come from its inputs: two builds that nothing links are one image. */
import assert from 'node:assert/strict';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { clampedTimestamp } from '#build/session.ts';
import { withEngine } from '#test/helpers/engine.ts';

const AT = 1_500_000_000;

interface Times {
  readonly created: string | undefined;
  readonly history: readonly (string | undefined)[];
}

/** Built in two stores, one after the other; the same image, or the assertion fails. */
async function builtTwice(
  files: Readonly<Record<string, string>>,
  ages: Readonly<Record<string, number>> = {},
): Promise<Times> {
  const images: { readonly id: string; readonly times: Times }[] = [];
  for (const _ of [1, 2]) {
    await withEngine({}, async ({ engine, context, build }) => {
      const place = context(files);
      for (const [name, age] of Object.entries(ages)) {
        utimesSync(join(place, name), AT - age, AT - age);
      }
      const { imageId } = await build({ context: place, tags: ['app:1'] });
      const { config } = await engine.inspect('app:1');
      const history = config.history.map(({ created }) => created);
      images.push({ id: imageId, times: { created: config.created, history } });
    });
  }
  const [first, second] = images;
  assert.ok(first && second);
  assert.deepEqual(second.times, first.times);
  assert.equal(second.id, first.id);
  return first.times;
}

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();

test('an image without a layer is of 1970', async () => {
  const times = await builtTwice({ Dockerfile: 'FROM scratch\nLABEL a=b\n' });
  assert.deepEqual(times, { created: iso(0), history: [undefined] });
});

test('a step that copies is as old as the newest that it copies, and no younger than those below', async () => {
  const Dockerfile = `FROM scratch
COPY old new /
LABEL a=b
COPY old /again/
WORKDIR /made
COPY <<text /text
said
text
COPY folder /folder/
`;
  const times = await builtTwice(
    { Dockerfile, old: 'old', new: 'new', 'folder/newest': 'newest' },
    { old: 2000, new: 1000, 'folder/newest': 500, folder: 3000 },
  );
  const [before, last] = [iso(AT - 1000), iso(AT - 500)];
  const history = [before, before, before, before, before, last];
  assert.deepEqual(times, { created: last, history });
});

test('a time is clamped, and one that no text can have is the last or the first that can', () => {
  assert.equal(clampedTimestamp({}, AT), iso(AT));
  assert.equal(clampedTimestamp({ sourceDateEpoch: AT }, AT + 1), iso(AT));
  assert.equal(clampedTimestamp({ sourceDateEpoch: AT }, AT - 1), iso(AT - 1));
  assert.equal(clampedTimestamp({}, 2 ** 52), '9999-12-31T23:59:59.000Z');
  assert.equal(clampedTimestamp({}, -1), iso(0));
});
