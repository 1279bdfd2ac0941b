/** NoEmptyContinuation: blank lines inside an instruction. */
import { noEmptyContinuation } from '#dockerfile/lint/rules/no-empty-continuation.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const MESSAGE = 'Empty continuation line';

// Docker names the line on which the instruction ends; the place is the first blank line.
testCheck(noEmptyContinuation, {
  finds: [
    ['FROM a\nRUN x && \\\n\n  y\n', [[4, '', MESSAGE]]],
    ['FROM a\nRUN x && \\\n  \n\n  y && \\\n\n  z\nRUN b', [[7, '  ', MESSAGE]]],
    ['FROM a\nRUN x \\\n\n', [[3, '', MESSAGE]]],
    ['# escape=`\nFROM a\nRUN x `\n\ny', [[5, '', MESSAGE]]],
    ['FROM a\nRUN x \\\n\n  <<E\n\nE\n', [[4, '', MESSAGE]]],
  ],
  silent: [
    ['FROM a\n\nRUN x && \\\n  # no\n  y\n\n'],
    ['FROM a\nRUN <<E\n\nx \\\n\nE\n'],
    ['FROM a\nRUN x \\'],
  ],
  fixes: [
    ['FROM a\nRUN x && \\\n \n  y && \\\n\n\n  z\n', 'FROM a\nRUN x && \\\n  y && \\\n  z\n'],
    ['FROM a\r\nRUN x && \\\r\n\r\n  y\r\n', 'FROM a\r\nRUN x && \\\r\n  y\r\n'],
  ],
});
