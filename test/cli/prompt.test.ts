/** What is typed at a question: lines, and the keys that edit one that nobody sees. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import type { Host } from '#cli/host.ts';
import { ask, askSecret } from '#cli/prompt.ts';

interface Typing {
  readonly host: Host;
  readonly stdin: PassThrough;
  readonly modes: boolean[];
  readonly shown: () => string;
}

function typing(): Typing {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const modes: boolean[] = [];
  let shown = '';
  stdout.on('data', (chunk: Buffer) => {
    shown += chunk;
  });
  const unused = (): never => {
    throw new Error('not expected');
  };
  return {
    stdin,
    modes,
    shown: () => shown,
    host: {
      stdin: Object.assign(stdin, {
        isTTY: true,
        setRawMode: (isRaw: boolean) => void modes.push(isRaw),
      }),
      stdout,
      stderr: stdout,
      outputFailure: () => undefined,
      interrupts: { signal: new AbortController().signal, exitCode: () => undefined },
      nowMs: () => 0,
      settings: unused,
      enterUserNamespace: unused,
      openEngine: unused,
    },
  };
}

describe('questions', () => {
  it('two answers that come at once are two answers', async () => {
    const { host, stdin, shown } = typing();
    stdin.write(' me \npass word\nrest');
    assert.equal(await ask(host, 'Username: '), 'me');
    assert.equal(await askSecret(host, 'Password: '), 'pass word');
    assert.equal(shown(), 'Username: Password: \n');
    assert.equal(String(stdin.read()), 'rest');
  });

  it('an answer in pieces', async () => {
    const { host, stdin } = typing();
    const answer = ask(host, '?');
    for (const piece of ['a', 'b', 'c\n']) {
      stdin.write(piece);
      await new Promise(setImmediate);
    }
    assert.equal(await answer, 'abc');
  });

  const KEYS: readonly (readonly [name: string, typed: string, read: string])[] = [
    ['Enter of a raw terminal', 'abc\r', 'abc'],
    ['Backspace', 'abd\x7fc\r', 'abc'],
    ['Backspace over a letter of two bytes', 'ä\x7fabc\r', 'abc'],
    ['Backspace before the line', '\x7f\x7fabc\r', 'abc'],
    ['Ctrl-U', 'wrong\x15abc\r', 'abc'],
    ['Ctrl-D behind something', 'abc\x04', 'abc'],
  ];
  for (const [name, typed, read] of KEYS) {
    it(name, async () => {
      const { host, stdin, modes } = typing();
      stdin.write(typed);
      assert.equal(await askSecret(host, '?'), read);
      assert.deepEqual(modes, [true, false]);
    });
  }

  for (const [name, typed] of [
    ['Ctrl-C', 'ab\x03'],
    ['Ctrl-D', '\x04'],
  ] as const) {
    it(`${name} ends it, and the terminal echoes again`, async () => {
      const { host, stdin, modes } = typing();
      stdin.write(typed);
      await assert.rejects(askSecret(host, '?'), { code: 'CANCELLED' });
      assert.deepEqual(modes, [true, false]);
    });
  }

  it('the end of input', async () => {
    const { host, stdin } = typing();
    stdin.end('no newline');
    await assert.rejects(ask(host, '?'), { code: 'CANCELLED' });
  });
});
