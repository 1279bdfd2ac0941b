/** DL3020: ADD where COPY would do. */
import { hadolintRule } from '../hadolint-rule.ts';
import { withoutQuotes } from '../image-words.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3020 = hadolintRule({
  name: 'DL3020',
  severity: 'error',
  description: 'Use COPY instead of ADD for files and folders',
  explanation:
    'ADD also downloads and unpacks, depending on what it is given: a reader cannot tell what happens. ' +
    'COPY just copies. Keep ADD for archives that shall be unpacked, for URLs and for git repositories.',
  check,
});

function* check({ stages }: LintSubject): Generator<Finding> {
  for (const { instructions } of stages.stages) {
    for (const instruction of instructions) {
      if (instruction.kind !== 'add' || instruction.sources.some(({ text }) => needsAdd(text))) {
        continue;
      }
      yield {
        message: 'ADD does no more than COPY here',
        range: instruction.keyword.range,
        hint: 'Use COPY.',
      };
    }
  }
}

function needsAdd(source: string): boolean {
  const path = withoutQuotes(source);
  const isRemote = /^(?:https?|git|ssh|ftp):\/\/|^git@|^[^/]+@[^/]+:/.test(path);
  // A variable at the end may name an archive.
  return isRemote || ARCHIVE.test(path) || /^\$|\$\{?\w+\}?$/.test(path);
}

const ARCHIVE = /\.(?:tar|gz|bz2|xz|zst|lz|lzma|Z|tgz|tbz2?|tb2|txz|tzst|tlz|tpz|tZ)$/;
