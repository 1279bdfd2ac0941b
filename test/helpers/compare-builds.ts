/** What another builder made of a build case, against what the case expects of ours. */
import { type BuildCase, expectedOf } from './build-case.ts';
import type { CaseOutcome } from './run-build-case.ts';

/** What other builders leave in the layer of a RUN: what they mounted on. */
const MOUNTED_ON =
  /^(?:(?:dev|proc|run|sys) directory 755 0:0|etc\/(?:hostname|hosts|resolv\.conf) file \d+ 0:0(?: \d+)? "")(?: \d+)?$/;

/** Fields of a config that are of images; docker and buildah fill in those of containers, too. */
const IMAGE_FIELDS: ReadonlySet<string> = new Set([
  ...['Author', 'Cmd', 'Entrypoint', 'Env', 'ExposedPorts', 'Healthcheck', 'Labels', 'OnBuild'],
  ...['Shell', 'StopSignal', 'User', 'Volumes', 'WorkingDir'],
]);

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
      : inLines(essence(expectedOf(one, 'config.json') ?? '{}'), essence(config))),
  ];
}

/** What a config says: nothing, and the root as WORKDIR, are left out. */
function essence(config: string): string {
  const fields = Object.entries(JSON.parse(config) as Readonly<Record<string, unknown>>);
  const told = fields.filter(
    ([name, value]) => IMAGE_FIELDS.has(name) && !NOTHING.has(JSON.stringify(value)),
  );
  return JSON.stringify(Object.fromEntries(told), undefined, 2);
}

const NOTHING: ReadonlySet<string> = new Set(['null', '""', '[]', '{}', '"/"']);

function inLines(own: string, theirs: string): readonly string[] {
  const left = own.split('\n');
  const right = theirs.split('\n').filter((line) => left.includes(line) || !MOUNTED_ON.test(line));
  return [
    ...left.filter((line) => !right.includes(line)).map((line) => `  ours:   ${line}`),
    ...right.filter((line) => !left.includes(line)).map((line) => `  theirs: ${line}`),
  ];
}
