/** What another builder made of a build case, against what the case expects of ours. */
import { type BuildCase, expectedOf } from './build-case.ts';
import type { CaseOutcome } from './run-build-case.ts';

/** What BuildKit leaves in the layer of each RUN: the folders that it mounted on. */
const MOUNTED_ON = /^(?:dev|proc|sys) directory 755 0:0(?: \d+)?$/;

/** Docker's own, for Windows; the specification keeps the name and no meaning. */
const ARGS_ESCAPED = '  "ArgsEscaped": true,';

/** A line for each; none where it is the same. `counts`: also how many steps were run. */
export function differences(
  one: BuildCase,
  { outcomes, files, config }: CaseOutcome,
  { counts = true }: { readonly counts?: boolean } = {},
): readonly string[] {
  const steps = [one, ...(one.again ?? [])];
  const problems = outcomes.flatMap(({ failed, log, steps: counted }, index) => {
    const wanted = steps[index];
    if (failed !== (wanted?.error !== undefined)) return [`build ${index + 1}: ${log}`];
    if (failed || !counts) return [];
    const { cached, run } = wanted?.steps ?? counted;
    return cached === counted.cached && run === counted.run
      ? []
      : [`build ${index + 1}: ${counted.cached} cached, ${counted.run} run`];
  });
  const isFailure = steps.at(-1)?.error !== undefined;
  return [
    ...problems,
    ...(files === undefined || isFailure ? [] : inLines(expectedOf(one, 'files.txt') ?? '', files)),
    ...(config === undefined || !one.config || isFailure
      ? []
      : inLines(expectedOf(one, 'config.json') ?? '', config)),
  ];
}

function inLines(own: string, theirs: string): readonly string[] {
  const left = own.split('\n');
  const right = theirs
    .split('\n')
    .filter((line) => left.includes(line) || !(MOUNTED_ON.test(line) || line === ARGS_ESCAPED));
  return [
    ...left.filter((line) => !right.includes(line)).map((line) => `  ours:   ${line}`),
    ...right.filter((line) => !left.includes(line)).map((line) => `  theirs: ${line}`),
  ];
}
