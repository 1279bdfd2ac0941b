/** Stages, bases, arguments and reachability; what a plan refuses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BuildPlan, planBuild } from '#build/plan.ts';
import { formatReference } from '#core/reference.ts';
import type { Range } from '#core/source.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';

const platform = { os: 'linux', architecture: 'amd64' };

function plan(
  text: string,
  options: { target?: string; args?: Record<string, string> } = {},
): BuildPlan {
  const dockerfile = parseDockerfile({ name: 'Dockerfile', text });
  assert.deepEqual(
    dockerfile.diagnostics.filter(({ severity }) => severity === 'error'),
    [],
  );
  return planBuild(dockerfile, {
    platform,
    buildPlatform: platform,
    buildArgs: new Map(Object.entries(options.args ?? {})),
    ...(options.target === undefined ? {} : { target: options.target }),
  });
}

const needed = (built: BuildPlan): number[] => [...built.needed].sort();

test('only stages the target reaches are planned', () => {
  const text =
    'FROM scratch AS a\nFROM scratch AS unused\nFROM a AS b\nFROM scratch\nCOPY --from=b /x /x\n';
  assert.deepEqual(needed(plan(text)), [0, 2, 3]);
  assert.deepEqual(needed(plan(text, { target: 'A' })), [0]);
});

test('a stage name shadows an image; a later stage does not', () => {
  const built = plan('FROM scratch AS debian\nFROM debian\n');
  assert.deepEqual(built.target.base, { kind: 'stage', index: 0 });
  const later = plan('FROM scratch\nCOPY --from=late /a /a\nFROM scratch AS late\n', {
    target: '',
  });
  assert.deepEqual(needed(later), [1]);
});

test('FROM sees the global scope: defaults, --build-arg, platform arguments', () => {
  const text = 'ARG V=1\nARG NAME=app:$V\nFROM $NAME\n';
  const base = (built: BuildPlan) =>
    built.target.base.kind === 'image' ? formatReference(built.target.base.reference) : '';
  assert.equal(base(plan(text)), 'docker.io/library/app:1');
  assert.equal(base(plan(text, { args: { V: '2' } })), 'docker.io/library/app:2');
  assert.equal(base(plan('FROM base:$TARGETARCH\n')), 'docker.io/library/base:amd64');
});

test('an unknown target names what there is', () => {
  assert.throws(() => plan('FROM scratch AS build\n', { target: 'biuld' }), {
    code: 'TARGET_UNKNOWN',
    message: 'target stage "biuld" could not be found (did you mean build?)',
    hint: /build/,
  });
});

test('an empty base points at its place', () => {
  assert.throws(
    () => plan('ARG B\nFROM $B\n'),
    (error: { code: string; detail: { range: Range } }) => {
      assert.equal(error.code, 'DOCKERFILE_INVALID');
      assert.match(String(error), /base name \(\$B\) should not be blank/);
      assert.deepEqual(error.detail.range, { start: 11, end: 13 });
      return true;
    },
  );
});

test('build arguments nobody declares are reported, predefined ones are not', () => {
  const built = plan('FROM scratch\nARG A\n', {
    args: { A: '1', B: '2', HTTP_PROXY: 'x', TARGETARCH: 'y' },
  });
  assert.deepEqual(built.unconsumed, ['B']);
});

test("FROM --platform is the stage's platform, and that of what is built on it", () => {
  const text = `FROM --platform=linux/arm scratch AS a
FROM --platform=linux/s390x a AS b
FROM --platform=$BUILDPLATFORM scratch AS c
FROM scratch
`;
  const arm = { os: 'linux', architecture: 'arm', variant: 'v7' };
  assert.deepEqual(
    plan(text).stages.map((stage) => stage.platform),
    [arm, arm, platform, platform],
  );
  assert.throws(() => plan('FROM --platform=a/b/c/d scratch\n'), { code: 'PLATFORM_INVALID' });
});

test("wrong references are refused in docker's order: circles anywhere, later stages where needed", () => {
  const circle = 'FROM scratch AS a\nCOPY --from=b x y\nFROM scratch AS b\nCOPY --from=a x y\n';
  assert.throws(() => plan(`${circle}FROM scratch\n`), {
    message: 'circular dependency detected on stage: a',
  });
  const later = 'FROM scratch AS a\nCOPY --from=1 x y\nFROM scratch\n';
  assert.deepEqual(needed(plan(later)), [1]);
  assert.throws(() => plan(later, { target: 'a' }), {
    message: 'cannot copy from stage "1", it needs to be defined before current stage "a"',
  });
});

test('what mounts name is needed too', () => {
  const text = 'FROM scratch AS a\nFROM scratch\nRUN --mount=from=a,target=/a true\n';
  assert.deepEqual(needed(plan(text)), [0, 1]);
});

test('ten thousand stages are planned, each upon the one before', () => {
  const lines = ['FROM scratch AS s0'];
  for (let number = 1; number < 10_000; number++) lines.push(`FROM s${number - 1} AS s${number}`);
  assert.equal(plan(lines.join('\n')).needed.size, 10_000);
});
