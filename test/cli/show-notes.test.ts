/** Notes of the engine as lines. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { noteLine, showNotes } from '#cli/show-notes.ts';

test('notes and nothing else', async () => {
  const stderr = new PassThrough();
  const show = showNotes({ stderr });
  show({ kind: 'note', level: 'info', text: 'by the way' });
  show({ kind: 'vertex-started', vertex: 1, name: 'step', atMs: 0 });
  show({ kind: 'note', level: 'warning', text: 'careful' });
  stderr.end();
  assert.equal(await text(stderr), `by the way\n${noteLine('careful', 'warning')}`);
  assert.equal(noteLine('careful', 'warning'), 'WARNING: careful\n');
});
