/**
 * SOURCE_DATE_EPOCH as an argument: `ARG SOURCE_DATE_EPOCH=…` before the first FROM, or `context`, which
 * is the time of a context that has one. ARG in a stage is that stage's own variable and dates nothing,
 * as in BuildKit. A time that the user gave as a number is in the session already, and wins.
 */
import { SlipwayError } from '#core/errors.ts';
import type { ArgInstruction } from '#dockerfile/ast.ts';
import { EPOCH_ARG, withEpochArg } from './args.ts';
import type { BuildPlan } from './plan.ts';
import type { BuildSession } from './session.ts';
import { atPlace } from './step-error.ts';

/** Seconds; undefined where no argument dates the build. @throws DOCKERFILE_INVALID */
export async function epochOf(
  { args, dockerfile }: BuildPlan,
  contextTime: () => Promise<number | undefined>,
): Promise<number | undefined> {
  const value = args.given.get(EPOCH_ARG) ?? args.global.get(EPOCH_ARG) ?? '';
  if (value === '') return undefined;
  if (value === 'context') return await contextTime();
  if (/^\d{1,15}$/.test(value)) return Number(value);
  const { name } =
    dockerfile.instructions
      .filter((one): one is ArgInstruction => one.kind === 'arg')
      .flatMap((one) => one.args)
      .find(({ name: { text } }) => text === EPOCH_ARG) ?? {};
  const refuse = () => {
    throw new SlipwayError('DOCKERFILE_INVALID', `invalid ${EPOCH_ARG}: ${value}`, {
      hint: 'give seconds since 1970, or context: the time of the commit or the download that is built',
    });
  };
  return name === undefined ? refuse() : atPlace(dockerfile, name, refuse);
}

/** RUN and later ARGs see the number. `session` has the time, also one that nobody gave. */
export function withEpoch(
  plan: BuildPlan,
  session: Pick<BuildSession, 'sourceDateEpoch'>,
  epoch: number | undefined,
): BuildPlan {
  const given = resolved(plan.args.given, epoch);
  const args = {
    given: epoch === undefined ? withEpochArg(given, session.sourceDateEpoch) : given,
    global: resolved(plan.args.global, epoch),
  };
  return { ...plan, args };
}

function resolved(
  values: ReadonlyMap<string, string>,
  epoch: number | undefined,
): ReadonlyMap<string, string> {
  if (!values.has(EPOCH_ARG)) return values;
  const others = [...values].filter(([name]) => name !== EPOCH_ARG);
  return new Map(epoch === undefined ? others : [...others, [EPOCH_ARG, String(epoch)]]);
}
