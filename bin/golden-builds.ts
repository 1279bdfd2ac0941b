/**
 * Writes fixtures/builds/<case>/files.txt and config.json: what the image of a build case holds and is,
 * as our command makes it. With `--docker COMMAND` nothing is written: the same cases are built by docker, and what it does
 * otherwise is shown. Names of cases may follow.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BuildCase, readCases } from '#test/helpers/build-case.ts';
import { differences } from '#test/helpers/compare-builds.ts';
import { docker } from '#test/helpers/peer-builders.ts';
import { type CaseOutcome, ours, runCase } from '#test/helpers/run-build-case.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { docker: { type: 'string' }, under: { type: 'string' } },
});

const chosen = readCases().filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name),
);
for (const one of chosen) {
  if (values.docker === undefined) write(one, await runCase(one, ours));
  else compare(one, await runCase(one, docker(values.docker.split(' ')), values.under));
}

function write(one: BuildCase, { outcomes, files, config }: CaseOutcome): void {
  for (const [index, step] of [one, ...(one.again ?? [])].entries()) {
    const { failed = true, log = '' } = outcomes[index] ?? {};
    if (failed !== (step.error !== undefined)) throw new Error(`${one.name}: ${log}`);
  }
  writeOne(join(one.folder, 'files.txt'), files);
  writeOne(join(one.folder, 'config.json'), one.config ? config : undefined);
}

function writeOne(path: string, text: string | undefined): void {
  if (text === undefined) rmSync(path, { force: true });
  else writeFileSync(path, text);
}

function compare(one: BuildCase, outcome: CaseOutcome): void {
  const problems = differences(one, outcome);
  const said = outcome.outcomes
    .filter(({ failed }) => failed)
    .map(({ log }) => `  says: ${log.trimEnd().split('\n').at(-1)}`);
  const state = problems.length === 0 ? 'as ours' : one.unlike === undefined ? 'UNLIKE' : 'known';
  process.stdout.write(`${[`${one.name}: ${state}`, ...problems, ...said].join('\n')}\n`);
}
