/** The list of rules: names, pages, and that a rule never throws. */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: this is Dockerfile syntax
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BUILDKIT_RULES } from '#dockerfile/lint/buildkit-rules.ts';
import { lint } from '#dockerfile/lint/engine.ts';
import { RULES } from '#dockerfile/lint/rules.ts';
import { listTargets, targetsDocument } from '#dockerfile/lint/targets.ts';
import { checkSubject } from '#test/helpers/build-check.ts';
import { hasSuites, readSuite, readSuiteText } from '#test/helpers/suites.ts';

test("docker's 22 checks are there, one of them experimental", () => {
  assert.equal(BUILDKIT_RULES.length, 22);
  assert.deepEqual(
    BUILDKIT_RULES.filter(({ profile }) => profile !== 'buildkit').map(({ name }) => name),
    ['InvalidDefinitionDescription'],
  );
});

test('no name is given twice', () => {
  const names = RULES.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

test("each check has docker's page, the explanation its own words", () => {
  for (const { name, url, description, explanation } of BUILDKIT_RULES) {
    const page = name.replace(/^JSON/, 'Json').replace(/\B[A-Z]/g, (letter) => `-${letter}`);
    const expected = `https://docs.docker.com/go/dockerfile/rule/${page.toLowerCase()}/`;
    assert.equal(url, name === 'InvalidBaseImagePlatform' ? '' : expected);
    assert.notEqual(explanation, description);
  }
});

test('no half of a file makes a rule throw', () => {
  const text =
    '# check=experimental=all\nARG A=${B\nFROM --platform=$P a:$A AS X\nENV k $v \\\n\n <<E\nCOPY <<E $x/\n$y\nE\nEXPOSE :80/TCP\nONBUILD ENV $a=b\nFROM x\nCMD a';
  for (let length = 0; length <= text.length; length++) {
    lint(checkSubject(text.slice(0, length)), { profile: 'all' });
  }
});

const skip = hasSuites() ? false : 'needs the shared suites';

interface RealFile {
  readonly file: string;
  /** What docker lists as the targets. */
  readonly stages: readonly {
    readonly name: string;
    readonly base: string;
    readonly line: number;
  }[];
}

test("real Dockerfiles: findings lie within the text, targets are docker's", { skip }, () => {
  const files = readSuite<readonly RealFile[]>('real-dockerfiles', 'index.json');
  assert.ok(files.length > 100);
  for (const { file, stages } of files) {
    const text = readSuiteText('real-dockerfiles', file);
    const subject = checkSubject(text);
    for (const { rule, finding } of lint(subject, { profile: 'all' })) {
      const { start, end } = finding.range;
      assert.ok(start >= 0 && start <= end && end <= text.length, `${file}: ${rule.name}`);
    }
    const { targets } = targetsDocument(listTargets(subject.dockerfile));
    assert.deepEqual(
      targets.map(({ name, base, location }) => [name, base, location.ranges[0]?.start.line]),
      stages.map(({ name, base, line }) => [name || undefined, base, line]),
      file,
    );
  }
});
