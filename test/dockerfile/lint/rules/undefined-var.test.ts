/** UndefinedVar: variables are set before their use. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import { undefinedVar } from '#dockerfile/lint/rules/undefined-var.ts';
import { testCheck } from '#test/helpers/build-check.ts';

const message = (name: string, guess?: string): string =>
  `Usage of undefined variable '$${name}'${guess === undefined ? '' : ` (did you mean $${guess}?)`}`;
const base = {
  baseImage: () => ({
    platform: { os: 'linux', architecture: 'amd64' },
    env: ['GREETING=hi', 'EMPTY='],
    hasShell: false,
    workdir: '',
    onbuild: [],
  }),
};

testCheck(undefinedVar, {
  finds: [
    ['FROM scratch\nCOPY $foo .', [[2, '$foo', message('foo')]]],
    [
      'FROM a\nENV A=$B \\\n  C=${D}-x E="$F"',
      [
        [2, '$B', message('B')],
        [2, '${D}', message('D')],
        [2, '$F', message('F')],
      ],
    ],
    ['FROM a\nENV PORT=1\nEXPOSE $PROT', [[3, '$PROT', message('PROT', 'PORT')]]],
    ['FROM a\nENV FOO=1\nUSER $foo', [[3, '$foo', message('foo')]]],
    // The whole instruction sees the environment before it.
    ['FROM a\nENV ABCD=1 WXYZ=$ABCD', [[2, '$ABCD', message('ABCD')]]],
    ['FROM a\nCOPY <<X <<"Y" /z/\n$body\nX\n$raw\nY\n', [[2, '$body', message('body')]]],
    [
      'FROM a\nRUN --mount=type=cache,target=$dir,id=${id} x $shell',
      [
        [2, '$dir', message('dir')],
        [2, '${id}', message('id')],
      ],
    ],
    [
      'FROM a\nADD --chown=$who --chmod=$mode --checksum=$sum $from $into',
      [
        [2, '$who', message('who')],
        [2, '$mode', message('mode')],
        [2, '$sum', message('sum')],
        [2, '$from', message('from')],
        [2, '$into', message('into')],
      ],
    ],
    ['FROM a\nARG A=$none', [[2, '$none', message('none')]]],
    ['FROM a\nENV X=$TARGETARCH', [[2, '$TARGETARCH', message('TARGETARCH')]]],
    ['FROM a\nENV X=$GREETINGS', [[2, '$GREETINGS', message('GREETINGS', 'GREETING')]], base],
    // With the base at hand nothing is taken on trust.
    ['FROM a\nENV X=$JAVA_HOME', [[2, '$JAVA_HOME', message('JAVA_HOME')]], base],
    ['FROM scratch\nENV X=$JAVA_HOME', [[2, '$JAVA_HOME', message('JAVA_HOME')]]],
    ['FROM a AS b\nONBUILD ENV C=$deed\nFROM b', [[3, 'FROM b', message('deed')]]],
    ['# escape=`\nFROM a\nENV x=`$y z=\\$w', [[3, '$w', message('w')]]],
    [
      'FROM a\nLABEL a=$none "$key"=b',
      [
        [2, '$none', message('none')],
        [2, '$key', message('key')],
      ],
    ],
  ],
  silent: [
    ['FROM a\nARG A\nENV B=$A'],
    ['FROM a\nARG A=1 B=$A\nENV C=$B'],
    ['FROM a\nENV PATH=$PATH:/x'],
    ['FROM scratch\nENV PATH=$PATH:/x'],
    ['FROM a\nENV X=$JAVA_HOME'],
    ['FROM a\nENV X=$GREETING$EMPTY', base],
    ['FROM a AS x\nENV V=1\nARG W\nFROM x\nENV Y=$V$W'],
    ['FROM a AS x\nONBUILD ENV V=1\nFROM x\nENV Y=$V'],
    ["FROM a\nENV A='$b' C=\\$d"],
    ['FROM a\nARG TARGETARCH\nENV X=$TARGETARCH'],
    ['FROM a\nRUN $x\nCMD $x\nENTRYPOINT $x\nHEALTHCHECK CMD $x\nONBUILD RUN $x'],
    ['FROM a\nRUN <<E\n$x\nE'],
    // What cannot be expanded is an error of the build, not of the check.
    ['FROM a\nENV A=${b'],
  ],
});
