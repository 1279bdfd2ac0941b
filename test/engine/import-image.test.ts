/** What import says of where its tar came from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from '#core/events.ts';
import { openEngine } from '#engine.ts';
import { HELPER } from '#test/helpers/engine.ts';
import { file, tarOf } from '#test/helpers/entries.ts';
import { scriptedPeer } from '#test/helpers/scripted-peer.ts';
import { tempFolder } from '#test/helpers/temp-folder.ts';

test('a URL’s password and query stay out of the image, the messages and the errors', async () => {
  using folder = tempFolder();
  const settings = { root: folder.at('store'), helper: HELPER, parallelTransfers: 1 };
  await using engine = await openEngine({ ...settings, snapshotter: 'auto' });
  const get = { method: 'GET', path: '/x.tar?key=secret' } as const;
  await using peer = await scriptedPeer([
    { ...get, answer: { status: 200, body: await tarOf([file('x')]) } },
    { ...get, answer: { status: 200, body: 'x'.repeat(1024) } },
  ]);
  const url = `http://me:secret@${peer.address}/x.tar?key=secret`;
  const notes: Event[] = [];
  await engine.import(url, { name: 'app', events: (event) => notes.push(event) });
  const { config } = await engine.inspect('app');
  assert.equal(config.history?.[0]?.comment, `Imported from http://${peer.address}/x.tar`);
  const text = `Downloading from http://${peer.address}/x.tar`;
  assert.deepEqual(notes, [{ kind: 'note', level: 'info', text }]);
  await assert.rejects(engine.import(url), {
    code: 'FILE_UNUSABLE',
    message: `http://${peer.address}/x.tar is not a tar archive`,
  });
});
