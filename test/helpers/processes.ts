/** Finding the processes that a test made, in every pid namespace. */
import { readdirSync, readFileSync } from 'node:fs';

/** Pids whose command line has the word; the kernel's view, so processes of every namespace. */
export function pidsWith(word: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word);
      } catch {
        return false; // it ended while we looked
      }
    });
}

/** The outer processes of resident helpers that this process started. */
export function helpersOf(parent: number): readonly number[] {
  return pidsWith('serve').filter((pid) => {
    return new RegExp(`^PPid:\\t${parent}$`, 'm').test(statusOf(pid));
  });
}

/** Process 1 of the container whose command line has the word. */
export function containerWith(word: string): number | undefined {
  return pidsWith(word).find((pid) => /^NSpid:.*\t1$/m.test(statusOf(pid)));
}

/** Empty when it has ended meanwhile. */
function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}
