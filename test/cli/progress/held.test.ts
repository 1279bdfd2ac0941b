/** A display that is held: nothing while somebody else has the terminal, everything after. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldProgress } from '#cli/progress/held.ts';
import type { Event } from '#core/events.ts';

const note = (text: string): Event => ({ kind: 'note', level: 'info', text });

function held(): { readonly progress: HeldProgress; readonly calls: string[] } {
  const calls: string[] = [];
  const progress = new HeldProgress({
    sink: (event) => calls.push(event.kind === 'note' ? event.text : event.kind),
    failed: undefined,
    finish: () => calls.push('finish'),
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
  });
  return { progress, calls };
}

test('what happens meanwhile comes after, in its order', async () => {
  const { progress, calls } = held();
  progress.sink(note('before'));
  await progress.while(async () => {
    progress.sink(note('one'));
    progress.sink(note('two'));
    calls.push('work');
  });
  progress.sink(note('after'));
  progress.finish();
  assert.deepEqual(calls, ['before', 'pause', 'work', 'resume', 'one', 'two', 'after', 'finish']);
});

test('work that fails lets it go on, too', async () => {
  const { progress, calls } = held();
  await assert.rejects(
    progress.while(async () => {
      progress.sink(note('one'));
      throw new Error('no');
    }),
    /no/,
  );
  assert.deepEqual(calls, ['pause', 'resume', 'one']);
});
