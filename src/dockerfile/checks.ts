/**
 * What the grammar cannot say of a well-formed instruction: stage names, modes, durations, empty
 * volumes, what ONBUILD may hold. Only what needs no environment; the rest is the planner's.
 */
import type { CommandLine, Operand } from './ast.ts';
import { parseDuration } from './duration.ts';
import type { Flags } from './flags.ts';
import type { InstructionContext } from './instruction-context.ts';

/** Docker compares names in lower case, and checks them so. */
export function checkStageName(name: Operand, context: InstructionContext): Operand {
  if (!/^[a-z][a-z0-9-_.]*$/.test(name.text.toLowerCase())) {
    context.report({
      code: 'StageNameInvalid',
      text: `invalid name for build stage: ${JSON.stringify(name.text)}, name can't start with a number or contain symbols`,
      range: name.range,
      hint: 'Use letters, digits, -, _ and ., a letter first.',
    });
  }
  return name;
}

export function checkNetwork(mode: Operand | undefined, context: InstructionContext): void {
  if (mode === undefined || ['default', 'none', 'host'].includes(mode.text)) return;
  context.report({
    code: 'FlagValueInvalid',
    text: `invalid network mode ${JSON.stringify(mode.text)}`,
    range: mode.range,
    hint: 'Use default, none or host.',
  });
}

export function checkSecurity(mode: Operand | undefined, context: InstructionContext): void {
  if (mode === undefined || ['sandbox', 'insecure'].includes(mode.text)) return;
  context.report({
    code: 'FlagValueInvalid',
    text: `security ${JSON.stringify(mode.text)} is not valid`,
    range: mode.range,
    hint: 'Use sandbox or insecure.',
  });
}

export function checkVolumes(paths: readonly Operand[], context: InstructionContext): void {
  for (const path of paths) {
    if (path.text.trim() !== '') continue;
    context.report({
      code: 'VolumeEmpty',
      text: 'VOLUME specified can not be an empty string',
      range: path.range,
      hint: 'Name a folder of the image.',
    });
  }
}

export function checkTrigger(keyword: Operand, context: InstructionContext): void {
  const name = keyword.text.toUpperCase();
  if (name === 'ONBUILD') {
    context.report({
      code: 'TriggerRefused',
      text: "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
      range: keyword.range,
      hint: 'Remove one ONBUILD: a trigger runs in the next build only.',
    });
  } else if (name === 'FROM' || name === 'MAINTAINER') {
    context.report({
      code: 'TriggerRefused',
      text: `${name} isn't allowed as an ONBUILD trigger`,
      range: keyword.range,
      hint: name === 'FROM' ? 'Let the next Dockerfile say FROM.' : 'Use ONBUILD LABEL.',
    });
  }
}

/** The command of HEALTHCHECK, undefined for NONE, with complaints about type and flags. */
export function checkHealthcheck(
  parts: { readonly type: Operand; readonly command: CommandLine; readonly flags: Flags },
  context: InstructionContext,
): CommandLine | undefined {
  const { type, command, flags } = parts;
  const name = type.text.toUpperCase();
  const isEmpty = command.form === 'exec' ? command.args.length === 0 : command.text.text === '';
  if (name === 'NONE') {
    if (!isEmpty) {
      context.report({
        code: 'ArgumentCount',
        text: 'HEALTHCHECK NONE takes no arguments',
        hint: 'Remove what follows NONE.',
      });
    }
    return undefined;
  }
  if (name !== 'CMD') {
    context.report({
      code: 'HealthcheckType',
      text: `Unknown type ${JSON.stringify(name)} in HEALTHCHECK (try CMD)`,
      range: type.range,
      hint: `Write HEALTHCHECK CMD ${type.text} … or HEALTHCHECK NONE.`,
    });
  } else if (isEmpty) {
    context.report({
      code: 'ArgumentCount',
      text: 'Missing command after HEALTHCHECK CMD',
      hint: 'Write the command that tells whether the container is healthy.',
    });
  }
  for (const flag of ['interval', 'timeout', 'start-period', 'start-interval']) {
    checkInterval(flag, flags.text(flag), context);
  }
  checkRetries(flags.text('retries'), context);
  return command;
}

/** 0 means docker's default; below a millisecond docker refuses. */
const MIN_INTERVAL_NANOSECONDS = 1e6;

function checkInterval(
  flag: string,
  value: Operand | undefined,
  context: InstructionContext,
): void {
  if (value === undefined || value.text === '') return;
  const duration = parseDuration(value.text);
  const complaint =
    'error' in duration
      ? duration.error
      : duration.nanoseconds !== 0 && duration.nanoseconds < MIN_INTERVAL_NANOSECONDS
        ? `Interval ${JSON.stringify(flag)} cannot be less than 1ms`
        : undefined;
  if (complaint === undefined) return;
  context.report({
    code: 'FlagValueInvalid',
    text: complaint,
    range: value.range,
    hint: 'Write a number with a unit: 500ms, 30s, 1m30s.',
  });
}

function checkRetries(value: Operand | undefined, context: InstructionContext): void {
  if (value === undefined || value.text === '') return;
  const quoted = JSON.stringify(value.text);
  const isNumber = /^[+-]?\d+$/.test(value.text);
  const complaint = !isNumber
    ? `strconv.ParseInt: parsing ${quoted}: invalid syntax`
    : Math.abs(Number(value.text)) > 2 ** 31 - 1
      ? `strconv.ParseInt: parsing ${quoted}: value out of range`
      : Number(value.text) < 0
        ? `--retries cannot be negative (${Number(value.text)})`
        : undefined;
  if (complaint === undefined) return;
  context.report({
    code: 'FlagValueInvalid',
    text: complaint,
    range: value.range,
    hint: 'Write a whole number, 0 for the default.',
  });
}
