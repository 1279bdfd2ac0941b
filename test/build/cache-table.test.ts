/**
 * What makes a step run again, and what must not: one Dockerfile, a change a row, and the steps that
 * the second build runs. A step that is run again and gives the same leaves those after it alone. Keys of copied files and of links have their cases in fixtures/builds.
 */
import assert from 'node:assert/strict';
import { chmodSync, chownSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Event } from '#core/events.ts';
import type { BuildOptions } from '#engine.ts';
import { cannotRunContainers, type EngineFixture, withEngine } from '#test/helpers/engine.ts';

const DOCKERFILE = `ARG GLOBAL=1
FROM scratch AS tools
COPY init /bin/init
RUN ["init", "write", "/tool", "made"]
FROM scratch
COPY init /usr/bin/init
COPY d/one d/two /files/
RUN ["init", "true"]
ARG A=1
ENV E=1
RUN ["init", "env"]
COPY --from=tools /tool /tool
WORKDIR /w
RUN --mount=type=bind,source=bound,target=/bound --mount=type=cache,target=/cache,id=c --mount=type=secret,id=s ["init", "cat", "/bound"]
LABEL l=1
`;

/** Steps by what the log shows of them, in short. */
const STEPS = {
  tools: ['[tools 1/2] COPY', '[tools 2/2] RUN'],
  init: '[stage-1 1/7] COPY',
  copy: '[stage-1 2/7] COPY',
  run: '[stage-1 3/7] RUN',
  env: '[stage-1 4/7] RUN',
  from: '[stage-1 5/7] COPY',
  workdir: '[stage-1 6/7] WORKDIR',
  mounts: '[stage-1 7/7] RUN',
} as const;

const AFTER_COPY = [STEPS.copy, STEPS.run, STEPS.env, STEPS.from, STEPS.workdir, STEPS.mounts];
/** Copies and folders know no variables. */
const SEE_VARIABLES = [STEPS.env, STEPS.mounts];

interface Row {
  readonly what: string;
  /** Of the context's folder. */
  readonly change?: (context: string) => void;
  readonly dockerfile?: (text: string) => string;
  readonly options?: Partial<BuildOptions>;
  readonly runs: readonly string[];
}

const write = (name: string, text: string) => (context: string) =>
  writeFileSync(join(context, name), text);

const MUST_NOT: readonly Row[] = [
  { what: 'nothing', runs: [] },
  { what: 'times of a file', change: (c) => utimesSync(join(c, 'd/one'), 1, 1), runs: [] },
  { what: 'the owner of a file', change: (c) => chownSync(join(c, 'd/one'), 5, 6), runs: [] },
  { what: 'a file that is written again', change: write('d/one', '1'), runs: [] },
  { what: 'a file that no step names', change: write('d/other', 'x'), runs: [] },
  {
    what: 'a file that is replaced by its like',
    change: (c) => {
      write('fresh', '1')(c);
      renameSync(join(c, 'fresh'), join(c, 'd/one'));
    },
    runs: [],
  },
  {
    what: 'a comment, and blanks',
    dockerfile: (t) => `# comment\n\n${t.replace('COPY d/one', 'COPY   d/one')}`,
    runs: [],
  },
  {
    what: 'the case of an instruction',
    dockerfile: (t) => t.replace('WORKDIR', 'workdir'),
    runs: [],
  },
  { what: 'the name of a stage', dockerfile: (t) => t.replaceAll('tools', 'utils'), runs: [] },
  { what: 'a label', dockerfile: (t) => t.replace('l=1', 'l=2'), runs: [] },
  {
    what: 'a label in front of the steps',
    dockerfile: (t) => t.replace('ARG A', 'LABEL x=y\nARG A'),
    runs: [],
  },
  {
    what: 'CMD, EXPOSE, VOLUME, STOPSIGNAL',
    dockerfile: (t) => t.replace('ARG A', 'CMD x\nEXPOSE 80\nVOLUME /v\nSTOPSIGNAL 9\nARG A'),
    runs: [],
  },
  {
    what: 'a stage that nobody needs',
    dockerfile: (t) =>
      t.replace('FROM scratch\n', 'FROM scratch AS unused\nRUN ["no"]\nFROM scratch\n'),
    runs: [],
  },
  { what: 'a global ARG', options: { buildArgs: { GLOBAL: '2' } }, runs: [] },
  { what: 'a build argument that nobody declares', options: { buildArgs: { B: '2' } }, runs: [] },
  { what: 'a proxy', options: { buildArgs: { HTTP_PROXY: 'http://proxy' } }, runs: [] },
  { what: 'the argument’s own default, given', options: { buildArgs: { A: '1' } }, runs: [] },
  { what: 'a name', options: { tags: ['other'] }, runs: [] },
  { what: 'labels of the command', options: { labels: { a: 'b' } }, runs: [] },
  { what: 'a limit', options: { limits: { shmSize: 1024 * 1024 } }, runs: [] },
  {
    what: 'another secret',
    options: {
      secrets: { s: { kind: 'value', value: 'another secret' } },
    },
    runs: [],
  },
  { what: 'the id of a cache mount', dockerfile: (t) => t.replace('id=c ', 'id=other '), runs: [] },
];

const MUST: readonly Row[] = [
  { what: 'the content of a file', change: write('d/one', '2'), runs: AFTER_COPY },
  {
    what: 'the same length, other content, older times',
    change: (c) => {
      write('d/one', '3')(c);
      utimesSync(join(c, 'd/one'), 1, 1);
    },
    runs: AFTER_COPY,
  },
  {
    what: 'the mode of a file',
    change: (c) => chmodSync(join(c, 'd/one'), 0o755),
    runs: AFTER_COPY,
  },
  {
    what: 'contents that change places',
    change: (c) => {
      write('d/one', '2')(c);
      write('d/two', '1')(c);
    },
    runs: AFTER_COPY,
  },
  {
    what: '--chown',
    dockerfile: (t) => t.replace('COPY d/one', 'COPY --chown=5 d/one'),
    runs: AFTER_COPY,
  },
  { what: 'the destination', dockerfile: (t) => t.replace('/files/', '/other/'), runs: AFTER_COPY },
  {
    what: 'a word of a command',
    dockerfile: (t) => t.replace('["init", "true"]', '["init", "echo", "x"]'),
    runs: [STEPS.run],
  },
  { what: 'an ARG', options: { buildArgs: { A: '2' } }, runs: SEE_VARIABLES },
  { what: 'an ENV', dockerfile: (t) => t.replace('ENV E=1', 'ENV E=2'), runs: SEE_VARIABLES },
  {
    what: 'a new ENV',
    dockerfile: (t) => t.replace('ENV E=1', 'ENV E=1 F=2'),
    runs: SEE_VARIABLES,
  },
  {
    what: 'USER',
    dockerfile: (t) => t.replace('ENV E=1', 'ENV E=1\nUSER 7'),
    runs: [STEPS.env, STEPS.workdir, STEPS.mounts],
  },
  {
    what: '--network of a step',
    dockerfile: (t) => t.replace('RUN ["init", "env"]', 'RUN --network=none ["init", "env"]'),
    runs: [STEPS.env],
  },
  {
    what: 'WORKDIR',
    dockerfile: (t) => t.replace('WORKDIR /w', 'WORKDIR /x'),
    runs: [STEPS.workdir, STEPS.mounts],
  },
  { what: 'a bound file', change: write('bound', 'other'), runs: [STEPS.mounts] },
  {
    what: 'the target of a mount',
    dockerfile: (t) => t.replace('target=/cache', 'target=/elsewhere'),
    runs: [STEPS.mounts],
  },
  {
    what: 'a mount less',
    dockerfile: (t) => t.replace(' --mount=type=secret,id=s', ''),
    runs: [STEPS.mounts],
  },
  {
    what: 'another stage, which gives the same: only that stage',
    dockerfile: (t) => t.replace('"write", "/tool", "made"]', '"write", "/tool", "made", "again"]'),
    runs: ['[tools 2/2] RUN'],
  },
];

const skip = cannotRunContainers();

test('what must not make a step run again', { skip }, (t) => checkAll(t, MUST_NOT));
test('what must make a step run again, and those that build on what it gives', { skip }, (t) =>
  checkAll(t, MUST),
);

/** On one store: no two rows make the same. */
async function checkAll(t: TestContext, rows: readonly Row[]): Promise<void> {
  await withEngine({}, async (fixture) => {
    const first = await fixture.build({ context: contextIn(fixture) });
    assert.equal(stepsRun(first.events).length, Object.values(STEPS).flat().length);
    for (const row of rows) await t.test(row.what, () => check(row, fixture));
  });
}

async function check(
  { change, dockerfile = (text) => text, options = {}, runs }: Row,
  fixture: EngineFixture,
): Promise<void> {
  const context = contextIn(fixture);
  const before = await fixture.build({ context });
  assert.deepEqual(stepsRun(before.events), []);
  change?.(context);
  writeFileSync(join(context, 'Dockerfile'), dockerfile(DOCKERFILE));
  const { events } = await fixture.build({ context, ...options });
  assert.deepEqual(stepsRun(events).toSorted(), runs.toSorted());
}

function contextIn({ context }: EngineFixture): string {
  return context({ Dockerfile: DOCKERFILE, 'd/one': '1', 'd/two': '2', bound: 'b' });
}

/** Without what stands behind the instruction's name. */
function stepsRun(events: readonly Event[]): readonly string[] {
  const names = new Map<number, string>();
  return events.flatMap((event) => {
    if (event.kind === 'vertex-started') names.set(event.vertex, event.name);
    if (event.kind !== 'vertex-finished' || event.outcome !== 'done') return [];
    const [short] = /^\[.*\d+\/\d+\] [A-Za-z]+/.exec(names.get(event.vertex) ?? '') ?? [];
    return short === undefined ? [] : [short];
  });
}
