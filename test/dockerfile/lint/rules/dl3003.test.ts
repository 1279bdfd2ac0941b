/** DL3003: RUN changes the folder with cd. */
import { dl3003 } from '#dockerfile/lint/rules/dl3003.ts';
import { testRule } from '#test/helpers/lint-rule.ts';

testRule(dl3003, {
  catches: [
    ['FROM a:1\nRUN cd /opt', ['cd']],
    ['FROM a:1\nRUN a && \\\n  cd /opt && b && cd /x', ['cd']],
    ['FROM a:1\nRUN (cd /x; make)', ['cd']],
    ['FROM a:1\nONBUILD RUN cd /opt', ['cd']],
  ],
  isSilentAbout: [
    'FROM a:1\nRUN git clone https://x/cd.git',
    'FROM a:1\nRUN echo cd /opt',
    'FROM a:1\nRUN "a cd b"',
    'FROM a:1\nWORKDIR /opt',
    'FROM a:1\nSHELL ["powershell"]\nRUN cd C:\\',
  ],
});
