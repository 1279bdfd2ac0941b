/** The first signal asks, the second ends. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { watchInterrupts } from '#cli/interrupts.ts';
import { isSlipwayError } from '#core/errors.ts';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

for (const [name, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${name} aborts, then exits with ${code}`, () => {
    const source = new FakeProcess();
    const interrupts = watchInterrupts(source);
    assert.equal(interrupts.exitCode(), undefined);
    assert.equal(interrupts.signal.aborted, false);
    source.emit(name);
    assert.equal(interrupts.exitCode(), code);
    assert.ok(isSlipwayError(interrupts.signal.reason, 'CANCELLED'));
    assert.deepEqual(source.exits, []);
    source.emit(name);
    assert.deepEqual(source.exits, [code]);
  });
}

test('the first signal decides the exit code', () => {
  const source = new FakeProcess();
  const interrupts = watchInterrupts(source);
  source.emit('SIGTERM');
  source.emit('SIGINT');
  assert.equal(interrupts.exitCode(), 143);
});
