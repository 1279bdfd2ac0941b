/** RUN that asks for more than a step has: refused before the first step, unless it was allowed. */
import type { Entitlement } from '#core/entitlement.ts';
import { SlipwayError } from '#core/errors.ts';
import type { Operand, RunInstruction } from '#dockerfile/ast.ts';
import type { BuildPlan } from './plan.ts';
import { atPlace } from './step-error.ts';

export type Allowed = ReadonlySet<Entitlement>;

/** Looks at the stages that the target needs. @throws NOT_ALLOWED, DOCKERFILE_INVALID with the flag's place */
export function requireEntitlements(
  { dockerfile, stages, needed }: BuildPlan,
  allowed: Allowed,
): void {
  for (const { index, instructions } of stages) {
    if (!needed.has(index)) continue;
    for (const instruction of instructions) {
      if (instruction.kind !== 'run') continue;
      for (const { flag, operand } of wantedBy(instruction)) {
        atPlace(dockerfile, operand, () => requireAllowed(flag, allowed));
      }
    }
  }
}

/** The same for one RUN, as ONBUILD brings it. @throws NOT_ALLOWED */
export function requireAllowedRun(instruction: RunInstruction, allowed: Allowed): void {
  for (const { flag } of wantedBy(instruction)) requireAllowed(flag, allowed);
}

function wantedBy({ network, security }: RunInstruction) {
  const wanted: { readonly flag: Entitlement; readonly operand: Operand }[] = [];
  if (network?.text === 'host') wanted.push({ flag: 'network.host', operand: network });
  if (security?.text === 'insecure') wanted.push({ flag: 'security.insecure', operand: security });
  return wanted;
}

function requireAllowed(entitlement: Entitlement, allowed: Allowed): void {
  if (allowed.has(entitlement)) return;
  throw new SlipwayError('NOT_ALLOWED', `failed to load LLB: ${entitlement} is not allowed`, {
    hint: `allow it with --allow ${entitlement} if you trust this Dockerfile: ${MEANING[entitlement]}`,
  });
}

const MEANING: Readonly<Record<Entitlement, string>> = {
  'network.host': 'the step then reaches all that this machine reaches, its own ports as well',
  'security.insecure': 'the step then can do to this machine what its user can',
};
