/** DL4006: a pipe without pipefail. */
import { dl4006 } from '#dockerfile/lint/rules/dl4006.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl4006, {
  catches: [
    ['FROM a:1\nRUN curl x | tar x', ['|']],
    ['FROM a:1\nRUN a && b |& c | d', ['|&']],
    ['FROM a:1\nSHELL ["/bin/sh", "-o", "pipefail", "-c"]\nRUN a | b', ['|']],
    [
      'FROM a:1\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN a\nSHELL ["/bin/sh", "-c"]\nRUN a | b',
      ['|'],
    ],
    ['FROM a:1\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nFROM b:1\nRUN a | b', ['|']],
    ['FROM a:1\nRUN x $(a | b)', ['|']],
    ['FROM a:1\nRUN <<EOF\na | b\nEOF', ['|']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN a || b',
    'FROM a:1\nRUN echo "a | b"',
    'FROM a:1\nSHELL ["/bin/bash", "-o", "pipefail", "-c"]\nRUN a | b',
    'FROM a:1\nSHELL ["/usr/bin/zsh", "-euo", "pipefail", "-c"]\nRUN a | b',
    'FROM a:1 AS b\nSHELL ["/bin/ash", "-eo", "pipefail", "-c"]\nFROM b\nRUN a | b',
    'FROM a:1\nSHELL ["pwsh", "-c"]\nRUN a | b',
    'FROM a:1\nRUN set -euo pipefail && a | b',
    'FROM a:1\nRUN case $x in a|b) c ;; esac',
    'FROM a:1\nRUN <<EOF\nset -o pipefail\na | b\nEOF',
  ],
});
