/** What docker refuses when it comes to an instruction: its words, at the exact place. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refusalsOf } from '#dockerfile/lint/refusals.ts';
import type { SubjectOptions } from '#dockerfile/lint/subject.ts';
import { checkSubject } from '#test/helpers/build-check.ts';

type Refusal = readonly [code: string, place: string, message: RegExp];

function refused(text: string, options?: SubjectOptions) {
  return refusalsOf(checkSubject(text, options)).map(({ code, message, range, hint }) => {
    assert.notEqual(hint ?? '', '', 'a refusal says what to do');
    return { code, message, place: text.slice(range.start, range.end), hint };
  });
}

const ROOT = /^invalid mount target "\/"$/;

const refusals: readonly (readonly [text: string, refusals: readonly Refusal[]])[] = [
  ['FROM $X\n', [['BaseInvalid', '$X', /^base name \(\$X\) should not be blank$/]]],
  ['FROM a AS x\nFROM X\n', [['BaseInvalid', 'X', /^failed to parse stage name "X": /]]],
  [
    'FROM --platform=lixun a\n',
    [['PlatformInvalid', 'lixun', /^failed to parse platform lixun: /]],
  ],
  ['FROM --platform=$P a\n', [['PlatformInvalid', '$P', /^empty platform value from expression/]]],
  ['ARG A=${\nFROM a\n', [['ExpansionFailed', '${', /missing '}'$/]]],
  ['ARG T\nFROM a:${T:?why}\n', [['ExpansionFailed', 'a:${T:?why}', /: T: why$/]]],
  ['FROM a\nENV A=${ B=1\n', [['ExpansionFailed', '${', /missing '}'$/]]],
  ['FROM a\nUSER ${x!y}\n', [['ExpansionFailed', '${x!y}', /unsupported modifier \(!\)/]]],
  ['FROM scratch\nUSER ${U:?no user}\n', [['ExpansionFailed', '${U:?no user}', /U: no user$/]]],
  ['FROM a\nEXPOSE 80 70000\n', [['PortInvalid', '70000', /^invalid port: "70000": /]]],
  ['FROM a\nARG P=http\nEXPOSE $P\n', [['PortInvalid', '$P', /^invalid port: "http": /]]],
  [
    'FROM scratch\nRUN --mount=type=$T,target=/x y\n',
    [['MountInvalid', '$T', /^unsupported mount type ""/]],
  ],
  ['FROM scratch\nRUN --mount=type=tmpfs y\n', [['MountInvalid', 'type=tmpfs', ROOT]]],
  ['FROM a\nWORKDIR /w\nRUN --mount=type=cache,dst=.. y\n', [['MountInvalid', '..', ROOT]]],
  [
    'FROM a\nARG D=..\nWORKDIR /w/x\nWORKDIR ..\nRUN --mount=type=tmpfs,target=$D y\n',
    [['MountInvalid', '$D', ROOT]],
  ],
  [
    'FROM scratch AS a\nONBUILD EXPOSE x\nFROM a\n',
    [['PortInvalid', 'FROM a', /^invalid port: "x": /]],
  ],
];

for (const [text, expected] of refusals) {
  test(`refused: ${JSON.stringify(text)}`, () => {
    const found = refused(text);
    assert.deepEqual(
      found.map(({ code, place }) => [code, place]),
      expected.map(([code, place]) => [code, place]),
    );
    for (const [index, [, , message]] of expected.entries()) {
      assert.match(found[index]?.message ?? '', message);
    }
  });
}

for (const text of [
  'FROM a AS b\nFROM b\nCOPY --from=B x y\n',
  'FROM --platform=linux a\n',
  'FROM a\nUSER ${U:?no user}\n',
  'FROM a\nEXPOSE $PORT\n',
  'FROM a\nRUN --mount=type=$T,target=/x y\n',
  'FROM a\nRUN --mount=type=tmpfs,target=. y\n',
  'FROM a\nRUN --mount=type=tmpfs y\n',
  'FROM scratch\nWORKDIR /w\nRUN --mount=type=cache y\n',
  'FROM scratch\nRUN --mount=type=secret,id=a y\n',
  'FROM a AS b\nWORKDIR /w\nFROM b\nRUN --mount=type=cache,target=. y\n',
]) {
  test(`taken: ${JSON.stringify(text)}`, () => assert.deepEqual(refused(text), []));
}

test('a base that is known is known in its folder, its names and its triggers', () => {
  const text = 'FROM a\nUSER ${U:?no user}\nRUN --mount=type=tmpfs,target=.. y\n';
  const base = { platform: { os: 'linux', architecture: 'amd64' }, hasShell: false, onbuild: [] };
  const known = (env: readonly string[], workdir: string) =>
    refused(text, { baseImage: () => ({ ...base, env, workdir }) }).map(({ code }) => code);
  assert.deepEqual(known(['U=me'], '/w/x'), []);
  assert.deepEqual(known([], '/w'), ['ExpansionFailed', 'MountInvalid']);
  const onbuild = checkSubject('FROM x\nENV A=${\n').dockerfile.instructions.slice(1);
  const triggered = { baseImage: () => ({ ...base, env: [], workdir: '', onbuild }) };
  assert.deepEqual(
    refused('FROM a\n', triggered).map(({ code, place }) => [code, place]),
    [['ExpansionFailed', 'FROM a']],
  );
});

test('docker reads every FROM, and the rest of the stages it comes to', () => {
  const text = 'FROM A\nUSER ${\nRUN --mount=typ=x y\nFROM scratch\nUSER ${\n';
  const places = refused(text, { isNeeded: (stage) => stage === 1 }).map(({ code }) => code);
  assert.deepEqual(places, ['BaseInvalid', 'ExpansionFailed']);
});

test('words cut at a blank within braces are explained', () => {
  for (const text of ['FROM a\nEXPOSE ${X:-80 90}\n', 'FROM a\nCOPY a ${X:-a b}/\n']) {
    assert.match(refused(text)[0]?.hint ?? '', /^Blanks end the word/);
  }
  assert.match(refused('FROM a\nUSER ${X\n')[0]?.hint ?? '', /^Close the braces/);
});
