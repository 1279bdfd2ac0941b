/**
 * Writes fixtures/builds/<case>/files.txt: what the image of a build case holds, as our command makes
 * it. With `--docker COMMAND` nothing is written: the same cases are built by docker, and what it does
 * otherwise is shown. Names of cases may follow.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BuildCase, readCases } from '#test/helpers/build-case.ts';
import { type CaseOutcome, docker, ours, runCase } from '#test/helpers/run-build-case.ts';

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

function write({ folder }: BuildCase, { files }: CaseOutcome): void {
  const file = join(folder, 'files.txt');
  if (files === undefined) rmSync(file, { force: true });
  else writeFileSync(file, files);
}

function compare(one: BuildCase, { outcomes, files }: CaseOutcome): void {
  const steps = [one, ...(one.again ?? [])];
  const said: string[] = [];
  const problems = outcomes.flatMap(({ failed, log, steps: counted }, index) => {
    const wanted = steps[index];
    if (failed !== (wanted?.error !== undefined)) return [`build ${index + 1}: ${log}`];
    if (failed) {
      said.push(`  says: ${log.trimEnd().split('\n').at(-1)}`);
      return [];
    }
    const { cached, run } = wanted?.steps ?? counted;
    return cached === counted.cached && run === counted.run
      ? []
      : [`build ${index + 1}: ${counted.cached} cached, ${counted.run} run`];
  });
  if (files !== undefined) problems.push(...difference(expectedOf(one), files));
  const state = problems.length === 0 ? 'as ours' : one.unlike === undefined ? 'UNLIKE' : 'known';
  process.stdout.write(`${[`${one.name}: ${state}`, ...problems, ...said].join('\n')}\n`);
}

function expectedOf({ folder }: BuildCase): string {
  const file = join(folder, 'files.txt');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function difference(own: string, theirs: string): readonly string[] {
  const left = own.split('\n');
  const right = theirs.split('\n');
  return [
    ...left.filter((line) => !right.includes(line)).map((line) => `  ours:   ${line}`),
    ...right.filter((line) => !left.includes(line)).map((line) => `  docker: ${line}`),
  ];
}
