/**
 * Writes docs/errors.md from the table of error codes. It is committed; test/bin/errors-page.test.ts
 * fails when it is stale.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_CODES, type ErrorKind } from '#core/errors.ts';

/** What a caller does about each kind, in the order of the page. */
const KINDS: Readonly<Record<ErrorKind, string>> = {
  invalid: 'What was given is wrong. Correct it; asking again with the same words is useless.',
  'not-found': 'What was named is not there, or not any more.',
  conflict: 'It clashes with what is there. Remove or rename first.',
  integrity: 'Bytes are not what their digest, size or format promised. Fetch again or repair.',
  denied: 'The other side wants credentials, or other ones.',
  unavailable: 'A peer is unreachable or overloaded. Trying later may help.',
  unsupported: 'This kernel, format or version cannot do it.',
  'step-failed': 'The command of a container ended with a failure of its own.',
  exhausted: 'The machine ran out of something: disk, memory, descriptors.',
  cancelled: 'The user, or a limit, stopped it.',
  internal: 'Slipway broke its own rules: a bug. Please report it.',
};

/** The page as it should be. */
export function errorsPage(): string {
  const codes = Object.entries(ERROR_CODES);
  const sections = Object.entries(KINDS).map(([kind, advice]) => {
    const rows = codes
      .filter(([, entry]) => entry.kind === kind)
      .map(([code, { meaning }]) => `| \`${code}\` | ${meaning} |`)
      .sort();
    return [`## ${kind}`, '', advice, '', '| code | meaning |', '| --- | --- |', ...rows, ''].join(
      '\n',
    );
  });
  return [
    '# Errors',
    '',
    '<!-- Written by bin/errors-page.ts from src/core/errors.ts; change it there. -->',
    '',
    'Every error that leaves Slipway on purpose is a `SlipwayError`: its `code` says what happened,',
    'its `kind` what a caller can do about it, its `hint` what a user can do, its `cause` why. The',
    "command line prints the first line in docker's words, then one line of cause and one of fix.",
    'Programs decide on `code` and `kind`, never on the text.',
    '',
    ...sections,
  ].join('\n');
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, '../docs/errors.md'), errorsPage());
}
