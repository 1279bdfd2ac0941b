/** The history of builds with the real command: records, logs, why steps ran, builds that were ended. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CliProcess } from '#test/helpers/cli-process.ts';
import { type FaultSite, fault } from '#test/helpers/fault-site.ts';

interface Inspected {
  readonly Status: string;
  readonly Error: string;
  readonly LogFile: string;
  readonly ImageID: string;
  readonly Names: readonly string[];
  readonly Warnings: readonly string[];
  readonly NumTotalSteps: number;
  readonly Steps: readonly {
    readonly Name: string;
    readonly State: string;
    readonly Missed: string;
  }[];
}

async function inspected(site: FaultSite, ...ref: readonly string[]): Promise<Inspected> {
  return JSON.parse(await site.good('history', 'inspect', '--format', 'json', ...ref));
}

const stepsOf = ({ Steps }: Inspected) =>
  Steps.filter(({ Name }) => Name.startsWith('[')).map(
    ({ Name, State, Missed }) => `${Name.replace(/^\[.*?\] /, '')}: ${State} ${Missed}`,
  );

/** Waits until a step has printed the word. */
async function said(build: CliProcess, word: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    build.onLog((text) => {
      if (text.includes(` ${word}\n`)) resolve();
    });
    void build.outcome.then(({ stderr }) => reject(new Error(stderr)));
  });
}

fault('a build that went well: steps, why they ran, what came out', async (site) => {
  const context = site.context('ARG X=1\nCOPY f /f\nRUN echo "hello $X"\ncmd true\n', { f: 'a' });
  const metadata = site.folder.at('metadata.json');
  await site.good('build', '-t', 'app:1', context);
  writeFileSync(join(context, 'f'), 'b');
  await site.good('build', '-t', 'app:1', '--metadata-file', metadata, context);
  const document = JSON.parse(readFileSync(metadata, 'utf8'));
  const build = await inspected(site, document['buildx.build.ref']);
  assert.equal(build.Status, 'completed');
  assert.equal(build.ImageID, document['containerimage.config.digest']);
  assert.deepEqual(build.Names, ['docker.io/library/app:1']);
  assert.match(build.Warnings.join(), /^ConsistentInstructionCasing: .*\(line \d+\)/);
  assert.deepEqual(
    stepsOf(build)
      .slice(-2)
      .map((line) => line.replace(/\d+,/, 'N,')),
    [
      'COPY f /f: done f changed (content)',
      'RUN echo "hello 1": done it is built on step N, which gave other files',
    ],
  );
  assert.equal(
    await site.good('history', 'ls', '--format', '{{.Status}}'),
    'Completed\nCompleted\n',
  );
  assert.match(await site.good('history', 'logs'), /^#\d+ \d+\.\d{3} hello 1$/m);
  await site.good('history', 'rm', '--all');
  assert.equal(existsSync(build.LogFile), false);
});

fault(
  'a build that failed: its error, its whole log, the reason of the failed step',
  async (site) => {
    const context = site.context('RUN seq 1 30000; exit 3\n');
    const stderr = await site.bad(1, ['build', context]);
    const build = await inspected(site);
    assert.equal(build.Status, 'error');
    assert.match(build.Error, /did not complete successfully: exit code: 3$/);
    assert.match(stepsOf(build).at(-1) ?? '', /: error no record of such a step$/);
    const log = await site.good('history', 'logs');
    const lines = log
      .split('\n')
      .flatMap((line) => /^#\d+ \d+\.\d{3} (\d+)$/.exec(line)?.[1] ?? []);
    assert.equal(lines.length, 30_000);
    assert.ok(stderr.includes(`#${build.NumTotalSteps} ERROR: `));
  },
);

fault('secrets are masked in the log on disk', async (site) => {
  const context = site.context('RUN --mount=type=secret,id=s echo "it is $(cat /run/secrets/s)"\n');
  writeFileSync(site.folder.at('secret'), 'hunter2-hunter2');
  await site.good('build', '--secret', `id=s,src=${site.folder.at('secret')}`, context);
  const { LogFile } = await inspected(site);
  const log = readFileSync(LogFile, 'utf8');
  assert.match(log, /it is \*+/);
  assert.doesNotMatch(log, /hunter2/);
});

for (const [signal, status] of [
  ['SIGINT', 'canceled'],
  ['SIGTERM', 'canceled'],
  ['SIGKILL', 'interrupted'],
] as const) {
  fault(`${signal}: the record says ${status}, and what was cached is`, async (site) => {
    const context = site.context('RUN echo one >/one\nRUN echo begun; sleep 600\n');
    const build = site.start(['build', '--progress', 'plain', context]);
    await said(build, 'begun');
    build.kill(signal);
    await build.outcome;
    const record = await inspected(site);
    assert.equal(record.Status, status);
    assert.match(stepsOf(record).at(-2) ?? '', /^RUN echo one .*: done/);
    const last = stepsOf(record).at(-1) ?? '';
    assert.match(last, status === 'canceled' ? /: canceled / : /: unfinished /);
    assert.match(await site.good('history', 'ls'), new RegExp(` ${status} `, 'i'));
    const again = site.start(['build', '--progress', 'plain', context]);
    await said(again, 'begun');
    again.kill('SIGINT');
    assert.match((await again.outcome).stderr, /RUN echo one >\/one\n#\d+ CACHED\n/);
  });
}

fault('a build on record while it runs cannot be removed', async (site) => {
  const context = site.context('RUN echo begun; sleep 600\n');
  const build = site.start(['build', '--progress', 'plain', context]);
  await said(build, 'begun');
  assert.equal(await site.good('history', 'ls', '--format', '{{.Status}}'), 'Running\n');
  assert.equal(await site.good('history', 'rm', '--all'), '');
  await site.good('builder', 'prune', '--all', '--force');
  assert.equal((await inspected(site)).Status, 'running');
  build.kill('SIGINT');
  await build.outcome;
});
