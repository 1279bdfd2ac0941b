/**
 * What the RUNs of a file execute, as commands: shell form, exec form, heredoc scripts, and RUN
 * behind ONBUILD. Steps for a shell that is not POSIX (powershell, cmd) have no commands: nothing
 * can be said about them. Computed once for a file.
 */
import type { Range } from '#core/source.ts';
import type { Instruction, Operand, RunInstruction } from '../ast.ts';
import { LineReader } from '../lines.ts';
import { parseRunMount } from '../run-mount.ts';
import type { Stage } from '../stages.ts';
import { lineageOf } from './lineage.ts';
import type { LintSubject } from './rule.ts';
import { readShell, type ShellCommand, type ShellScript, type ShellWord } from './shell-words.ts';

export interface ShellStep {
  readonly instruction: Instruction;
  /** RUN behind ONBUILD runs in another build. */
  readonly isTrigger: boolean;
  readonly form: 'exec' | 'shell';
  readonly script: ShellScript;
  /** All flags as written, `--mount` and others: steps with different ones cannot be joined. */
  readonly flags: string;
  /** Values of `--mount`. */
  readonly mounts: readonly string[];
  /** SHELL asks for `-o pipefail`, or is a shell of which we do not know. */
  readonly pipefail: boolean;
}

const cache = new WeakMap<LintSubject['stages'], ReadonlyMap<Stage, readonly ShellStep[]>>();

/** The steps of a stage, in order. */
export function shellSteps(stage: Stage, subject: LintSubject): readonly ShellStep[] {
  let known = cache.get(subject.stages);
  if (known === undefined) {
    known = readAll(subject);
    cache.set(subject.stages, known);
  }
  return known.get(stage) ?? [];
}

/** Every command of a file's RUNs with its step. */
export function* allCommands(
  subject: LintSubject,
): Generator<{ readonly command: ShellCommand; readonly step: ShellStep; readonly stage: Stage }> {
  for (const stage of subject.stages.stages) {
    for (const step of shellSteps(stage, subject)) {
      for (const command of step.script.commands) yield { command, step, stage };
    }
  }
}

/** Whether a cache or a tmpfs is mounted where the path is, or at a folder whose name holds it. */
export function mountsOver(step: ShellStep, path: string): boolean {
  return step.mounts.some((mount) => {
    // Variables stay as written: a name may be recognised all the same.
    const reading = parseRunMount(mount, (value) => value);
    if (reading.kind !== 'mount') return false;
    const { type, target = '' } = reading.mount;
    return (type === 'cache' || type === 'tmpfs') && target.includes(path);
  });
}

/** The SHELL that is in force: its words; empty for docker's own. */
type Shell = readonly string[];

function readAll(subject: LintSubject): ReadonlyMap<Stage, readonly ShellStep[]> {
  const steps = new Map<Stage, readonly ShellStep[]>();
  // SHELL goes into the image: a stage starts with that of its base.
  const shells = new Map<Stage, Shell>();
  for (const stage of subject.stages.stages) {
    const { parent } = lineageOf(stage, subject.stages);
    let shell = (parent && shells.get(parent)) ?? [];
    const found: ShellStep[] = [];
    for (const instruction of stage.instructions) {
      if (instruction.kind === 'shell') shell = instruction.args.map(({ text }) => text);
      const step = readStep(instruction, shell, subject);
      if (step !== undefined) found.push(step);
    }
    steps.set(stage, found);
    shells.set(stage, shell);
  }
  return steps;
}

function readStep(
  instruction: Instruction,
  shell: Shell,
  subject: LintSubject,
): ShellStep | undefined {
  const pipefail = hasPipefail(shell) || !isPosix(shell);
  if (instruction.kind === 'run') {
    const script = isPosix(shell) ? runScript(instruction, subject) : NOTHING;
    const mounts = instruction.mounts.map(({ text }) => text);
    const flags = [
      ...instruction.mounts,
      ...instruction.device,
      instruction.network,
      instruction.security,
    ]
      .map((flag) => flag?.text ?? '')
      .join('\n');
    const { form } = instruction.command;
    return { instruction, isTrigger: false, form, script, flags, mounts, pipefail };
  }
  if (instruction.kind !== 'onbuild') return undefined;
  const trigger = /^run(?:\s+--\S+)*\s+/i.exec(instruction.trigger.text);
  if (trigger === null) return undefined;
  const flags = trigger[0].slice('run'.length).trim();
  const mounts = [...flags.matchAll(/--mount=(\S+)/g)].map((match) => match[1] ?? '');
  const script = isPosix(shell) ? triggerScript(instruction.trigger, subject) : NOTHING;
  return { instruction, isTrigger: true, form: 'shell', script, flags, mounts, pipefail };
}

const NOTHING: ShellScript = { commands: [], pipes: [] };

function runScript(run: RunInstruction, subject: LintSubject): ShellScript {
  if (run.command.form === 'exec') return execScript(run.command.args);
  const line = readLine(run.command.text.range, subject);
  const isOnlyHeredoc = /^\d*<<-?\s*[^\s<>&|;]+$/.test(run.command.text.text.trim());
  const isFed = line.commands.some(({ name }) => SHELLS.has(name.text) && run.heredocs.length > 0);
  if (!isOnlyHeredoc && !isFed) return line;
  const bodies = run.heredocs.map(({ range }) => heredocScript(range, subject));
  return {
    commands: [...line.commands, ...bodies.flatMap(({ commands }) => commands)],
    pipes: [...line.pipes, ...bodies.flatMap(({ pipes }) => pipes)],
  };
}

/** The words of an exec form are the command itself. */
function execScript(args: readonly Operand[]): ShellScript {
  const [name, ...rest] = args.map((word): ShellWord => ({ ...word, quoted: true }));
  if (name === undefined) return NOTHING;
  return { commands: [{ name, args: rest, wrappers: [], assignments: [] }], pipes: [] };
}

/** Reads the lines of a range as the parser joined them, so that every word has its place. */
function readLine(range: Range, subject: LintSubject, skip = 0): ShellScript {
  const { file, directives } = subject.dockerfile;
  const reader = new LineReader(file.text.slice(range.start, range.end), directives.escape);
  const line = reader.readLine();
  if (line === undefined) return NOTHING;
  return readShell(line.text.slice(skip), (start, end) => {
    const inner = line.range(start + skip, end + skip);
    return { start: range.start + inner.start, end: range.start + inner.end };
  });
}

function triggerScript(trigger: Operand, subject: LintSubject): ShellScript {
  const [line = ''] = trigger.text.split('\n', 1);
  const skip = /^run(?:\s+--\S+)*\s+/i.exec(line)?.[0].length ?? 0;
  if (line.slice(skip).startsWith('[')) return NOTHING;
  return readLine(trigger.range, subject, skip);
}

function heredocScript(range: Range, subject: LintSubject): ShellScript {
  const whole = subject.dockerfile.file.text.slice(range.start, range.end);
  // Without the line that ends it.
  const body = whole.slice(0, whole.lastIndexOf('\n') + 1);
  const interpreter = /^\s*#!\s*(.*)/.exec(body)?.[1]?.trim();
  if (interpreter !== undefined && !isPosix(interpreter.replace(/^\S*\/env\s+/, '').split(/\s+/))) {
    return NOTHING;
  }
  return readShell(body, (start, end) => ({
    start: range.start + start,
    end: range.start + end,
  }));
}

const SHELLS: ReadonlySet<string> = new Set(['sh', 'bash', 'ash', 'dash', 'zsh', 'ksh']);

function isPosix(shell: Shell): boolean {
  const [program] = shell;
  return program === undefined || SHELLS.has(program.slice(program.lastIndexOf('/') + 1));
}

/** Plain sh is not among them: many of its kinds do not know the option. */
function hasPipefail(shell: Shell): boolean {
  const knowsIt = /(?:^|\/)(?:bash|zsh|ash|ksh)$/.test(shell[0] ?? '');
  return knowsIt && setsPipefail(shell);
}

/** Whether words hold `-o pipefail`, alone or at the end of a cluster (`-euo pipefail`). */
export function setsPipefail(words: readonly string[]): boolean {
  return words.some(
    (word, index) => word === 'pipefail' && /^-[a-z]*o$/.test(words[index - 1] ?? ''),
  );
}
