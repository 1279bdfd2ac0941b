/** What FROM means: docker's case rule for stages, and its words for what is no image. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSlipwayError } from '#core/errors.ts';
import { formatReference } from '#core/reference.ts';
import { imageReference, readBase, readPlatform } from '#dockerfile/base-name.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';
import { splitStages } from '#dockerfile/stages.ts';

const HOST = { os: 'linux', architecture: 'amd64' };

/** The base of the last stage. */
function baseOf(text: string) {
  const { stages } = splitStages(parseDockerfile({ name: 'Dockerfile', text }));
  const last = stages.at(-1);
  assert.ok(last);
  return readBase(last, last.base.text, stages);
}

function refusal(work: () => unknown): { code: string; message: string; hint?: string } {
  try {
    work();
  } catch (error) {
    assert.ok(isSlipwayError(error));
    const { code, message, hint } = error;
    return { code, message, ...(hint === undefined ? {} : { hint }) };
  }
  assert.fail('it was taken');
}

describe('FROM', () => {
  it('finds an earlier stage by its name in lower case, however AS was written', () => {
    assert.deepEqual(baseOf('FROM a AS Base\nFROM base\n'), { kind: 'stage', index: 0 });
    assert.deepEqual(baseOf('FROM a AS x\nFROM b AS x\nFROM x\n'), { kind: 'stage', index: 1 });
  });

  it('never finds a stage by a name in capitals: that is a wrong image name', () => {
    assert.deepEqual(
      refusal(() => baseOf('FROM a AS base\nFROM Base\n')),
      {
        code: 'REFERENCE_INVALID',
        message:
          'failed to parse stage name "Base": invalid reference format: repository name (library/Base) must be lowercase',
        hint: 'Write base: FROM finds stages by their names in lower case only.',
      },
    );
  });

  it('takes a later stage’s name, and any other, for an image', () => {
    for (const [text, name] of [
      ['FROM later\n', 'docker.io/library/later:latest'],
      ['FROM scratch AS a\nFROM host:5000/b:1\n', 'host:5000/b:1'],
    ] as const) {
      const base = baseOf(text);
      assert.ok(base.kind === 'image');
      assert.equal(formatReference(base.reference), name);
    }
    assert.deepEqual(baseOf('FROM scratch\n'), { kind: 'scratch' });
  });

  it('says what is blank', () => {
    const { stages } = splitStages(parseDockerfile({ name: 'Dockerfile', text: 'FROM $X\n' }));
    const [stage] = stages;
    assert.ok(stage);
    assert.equal(
      refusal(() => readBase(stage, '', stages)).message,
      'base name ($X) should not be blank',
    );
  });
});

it('a name that is none keeps the code and the hint of its problem', () => {
  const { code, message } = refusal(() => imageReference('a b'));
  assert.equal(code, 'REFERENCE_INVALID');
  assert.match(message, /^failed to parse stage name "a b": invalid reference format/);
});

describe('--platform', () => {
  it('is one word or more', () => {
    assert.deepEqual(readPlatform({ written: '$P', expanded: 'arm64' }, HOST), {
      os: 'linux',
      architecture: 'arm64',
    });
  });

  it('shows docker’s words, with the flag as written', () => {
    assert.equal(
      refusal(() => readPlatform({ written: '$P', expanded: 'nope' }, HOST)).message,
      'failed to parse platform $P: "nope": unknown operating system or architecture: invalid argument',
    );
    assert.equal(
      refusal(() => readPlatform({ written: '$P', expanded: '' }, HOST)).message,
      'empty platform value from expression $P',
    );
  });
});
