/**
 * Instructions that change only the image config: ENV, ARG, LABEL, MAINTAINER, CMD, ENTRYPOINT,
 * EXPOSE, USER, VOLUME, STOPSIGNAL, SHELL, HEALTHCHECK, ONBUILD. Each maps a state to the next one
 * and writes its history line; none touches a file.
 */
import { SlipwayError } from '#core/errors.ts';
import type { ContainerConfig, Healthcheck } from '#core/image-config.ts';
import type {
  CmdInstruction,
  CommandLine,
  EntrypointInstruction,
  EnvInstruction,
  HealthcheckInstruction,
  LabelInstruction,
  MaintainerInstruction,
  OnbuildInstruction,
  Operand,
  ShellInstruction,
  StopsignalInstruction,
  UserInstruction,
  VolumeInstruction,
} from '#dockerfile/ast.ts';
import { parseDuration } from '#dockerfile/duration.ts';
import { withEntry } from '../growing-map.ts';
import { quotedList, withMetadataHistory } from '../history.ts';
import type { StageState } from '../state.ts';
import { shellOf, withEnv } from '../state.ts';

/** Expands one operand against the state before the instruction. */
export type Expand = (operand: Operand) => string;

/** ENV: all values see the environment before the instruction (`ENV a=1 b=$a` uses the old a). */
export function applyEnv(state: StageState, { pairs }: EnvInstruction, expand: Expand): StageState {
  const expanded = pairs.map(({ key, value }) => [expand(key), expand(value)] as const);
  const Env = withEnv(state.config.Env, expanded, { known: state.env });
  const env = expanded.reduce((map, [name, value]) => withEntry(map, name, value), state.env);
  const shown = expanded.map(([name, value]) => `${name}=${value}`);
  return withMetadataHistory({ ...withConfig(state, { Env }), env }, `ENV ${shown.join(' ')}`);
}

export function applyLabel(
  state: StageState,
  { pairs }: LabelInstruction,
  expand: Expand,
): StageState {
  const labels: Record<string, string> = { ...state.config.Labels };
  const shown: string[] = [];
  for (const { key, value } of pairs) {
    const name = expand(key);
    labels[name] = expand(value);
    shown.push(`${name}=${labels[name]}`);
  }
  return withMetadataHistory(withConfig(state, { Labels: labels }), `LABEL ${shown.join(' ')}`);
}

export function applyMaintainer(state: StageState, { author }: MaintainerInstruction): StageState {
  return withMetadataHistory({ ...state, author: author.text }, `MAINTAINER ${author.text}`);
}

/** The command as an argument list: exec form as it stands, shell form behind the SHELL. */
function commandOf(state: StageState, command: CommandLine): readonly string[] {
  return command.form === 'exec'
    ? command.args.map((arg) => arg.text)
    : [...shellOf(state), command.text.text];
}

export function applyCmd(state: StageState, { command }: CmdInstruction): StageState {
  const Cmd = commandOf(state, command);
  return withMetadataHistory(
    { ...withConfig(state, { Cmd }), cmdSet: true },
    `CMD ${quotedList(Cmd)}`,
  );
}

/** ENTRYPOINT clears an inherited CMD, never one set in this stage. */
export function applyEntrypoint(state: StageState, { command }: EntrypointInstruction): StageState {
  const Entrypoint = commandOf(state, command);
  const { Cmd, ...rest } = state.config;
  const config = { ...rest, ...(state.cmdSet && Cmd ? { Cmd } : {}), Entrypoint };
  return withMetadataHistory({ ...state, config }, `ENTRYPOINT ${quotedList(Entrypoint)}`);
}

/** `ports` are normalised (`80/tcp`), ranges already spelled out. */
export function applyExpose(state: StageState, ports: readonly string[]): StageState {
  const added = Object.fromEntries(ports.map((port) => [port, {}]));
  const ExposedPorts = { ...state.config.ExposedPorts, ...added };
  return withMetadataHistory(withConfig(state, { ExposedPorts }), `EXPOSE [${ports.join(' ')}]`);
}

export function applyUser(
  state: StageState,
  { user }: UserInstruction,
  expand: Expand,
): StageState {
  const User = expand(user);
  return withMetadataHistory(withConfig(state, { User }), `USER ${User}`);
}

export function applyVolume(
  state: StageState,
  { paths }: VolumeInstruction,
  expand: Expand,
): StageState {
  const expanded = paths.map((path) => {
    const text = expand(path);
    if (text === '')
      throw new SlipwayError('DOCKERFILE_INVALID', 'VOLUME specified can not be an empty string');
    return text;
  });
  const Volumes = {
    ...state.config.Volumes,
    ...Object.fromEntries(expanded.map((path) => [path, {}])),
  };
  return withMetadataHistory(withConfig(state, { Volumes }), `VOLUME [${expanded.join(' ')}]`);
}

export function applyStopsignal(
  state: StageState,
  { signal }: StopsignalInstruction,
  expand: Expand,
): StageState {
  const StopSignal = expand(signal);
  if (!isSignal(StopSignal)) {
    throw new SlipwayError('DOCKERFILE_INVALID', `invalid signal: ${StopSignal}`, {
      hint: 'name a signal (SIGTERM, TERM) or its number (1 to 64)',
    });
  }
  return withMetadataHistory(withConfig(state, { StopSignal }), `STOPSIGNAL ${StopSignal}`);
}

export function applyShell(state: StageState, { args }: ShellInstruction): StageState {
  const Shell = args.map((arg) => arg.text);
  return withMetadataHistory(withConfig(state, { Shell }), `SHELL [${Shell.join(' ')}]`);
}

/** Leaves no history, as in docker: it shows when it runs. */
export function applyOnbuild(state: StageState, { trigger }: OnbuildInstruction): StageState {
  const OnBuild = [...(state.config.OnBuild ?? []), trigger.text];
  return withConfig(state, { OnBuild });
}

export function applyHealthcheck(
  state: StageState,
  instruction: HealthcheckInstruction,
): StageState {
  const Healthcheck = healthcheckOf(instruction);
  return withMetadataHistory(withConfig(state, { Healthcheck }), instruction.source);
}

function healthcheckOf(instruction: HealthcheckInstruction): Healthcheck {
  const { command, interval, timeout, startPeriod, startInterval, retries } = instruction;
  if (!command) return { Test: ['NONE'] };
  const Test =
    command.form === 'exec'
      ? ['CMD', ...command.args.map((arg) => arg.text)]
      : ['CMD-SHELL', command.text.text];
  const Interval = interval && durationOf(interval, 'interval');
  const Timeout = timeout && durationOf(timeout, 'timeout');
  const StartPeriod = startPeriod && durationOf(startPeriod, 'start-period');
  const StartInterval = startInterval && durationOf(startInterval, 'start-interval');
  const Retries = retries && countOf(retries);
  // Zero means inherited, and is not written.
  return {
    Test,
    ...(Interval ? { Interval } : {}),
    ...(Timeout ? { Timeout } : {}),
    ...(StartPeriod ? { StartPeriod } : {}),
    ...(StartInterval ? { StartInterval } : {}),
    ...(Retries ? { Retries } : {}),
  };
}

function durationOf({ text }: Operand, flag: string): number {
  const parsed = parseDuration(text);
  if ('error' in parsed) {
    throw new SlipwayError('DOCKERFILE_INVALID', parsed.error, {
      hint: `write a number with a unit for --${flag}, for example 30s or 1m30s`,
    });
  }
  if (parsed.nanoseconds !== 0 && parsed.nanoseconds < 1e6) {
    throw new SlipwayError('DOCKERFILE_INVALID', `Interval "${flag}" cannot be less than 1ms`);
  }
  return parsed.nanoseconds;
}

function countOf({ text }: Operand): number {
  if (!/^\d+$/.test(text))
    throw new SlipwayError('DOCKERFILE_INVALID', `--retries must be at least 0 (not ${text})`);
  return Number(text);
}

function withConfig(state: StageState, change: Partial<ContainerConfig>): StageState {
  return { ...state, config: { ...state.config, ...change } };
}

const SIGNALS = new Set(
  (
    'HUP INT QUIT ILL TRAP ABRT IOT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CLD CONT STOP TSTP TTIN ' +
    'TTOU URG XCPU XFSZ VTALRM PROF WINCH IO POLL PWR SYS'
  ).split(' '),
);

/** Names with or without SIG, real-time names, numbers 1 to 64. */
function isSignal(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= 64;
  const name = text.toUpperCase().replace(/^SIG/, '');
  return SIGNALS.has(name) || /^RT(MIN|MAX)([+-]\d{1,2})?$/.test(name);
}
