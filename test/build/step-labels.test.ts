/** BuildKit's labels of steps. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planBuild } from '#build/plan.ts';
import { stepLabels } from '#build/step-labels.ts';
import { parseDockerfile } from '#dockerfile/parser.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const armv7 = { os: 'linux', architecture: 'arm', variant: 'v7' };

function labelOf(
  text: string,
  env: Readonly<Record<string, string>>,
  { isMulti = true, platform = armv7 } = {},
): string {
  const dockerfile = parseDockerfile({ name: 'Dockerfile', text });
  const plan = planBuild(dockerfile, { buildArgs: new Map(), platform, buildPlatform: amd64 });
  const { target: stage } = plan;
  const labels = stepLabels(plan, { stage, instructions: stage.instructions, isMulti });
  return labels(new Map(Object.entries(env)));
}

const ALONE = 'FROM debian\nRUN a\nRUN b\n';
const BUILD = 'FROM --platform=$BUILDPLATFORM debian AS build\nRUN a\n';
const target = { TARGETPLATFORM: 'linux/arm/v7' };

const cases = [
  ['one platform, one stage', labelOf(ALONE, {}, { isMulti: false }), '[1/3] '],
  ['one platform, a named stage', labelOf(BUILD, {}, { isMulti: false }), '[build 1/2] '],
  ['several platforms', labelOf(ALONE, {}), '[linux/arm/v7 1/3] '],
  ['the same platform as argument', labelOf(ALONE, target), '[linux/arm/v7 1/3] '],
  ['compiling for another', labelOf(BUILD, target), '[linux/amd64->arm/v7 build 1/2] '],
  [
    'compiling for another, by its parts',
    labelOf(BUILD, { TARGETOS: 'linux', TARGETARCH: 'arm64', TARGETVARIANT: '' }),
    '[linux/amd64->arm64 build 1/2] ',
  ],
  [
    'compiling for another system',
    labelOf(BUILD, { TARGETOS: 'darwin' }),
    '[linux/amd64->darwin/amd64 build 1/2] ',
  ],
] as const;

for (const [name, label, wanted] of cases) test(name, () => assert.equal(label, wanted));
