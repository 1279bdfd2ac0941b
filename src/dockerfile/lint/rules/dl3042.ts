/** DL3042: pip install keeps its cache in the layer. */

import type { Instruction } from '../../ast.ts';
import type { Stage } from '../../stages.ts';
import { hasOption, programName } from '../command-options.ts';
import { hadolintRule } from '../hadolint-rule.ts';
import { withoutQuotes } from '../image-words.ts';
import { lineageOf } from '../lineage.ts';
import type { Finding, LintSubject } from '../rule.ts';
import { mountsOver, type ShellStep, shellSteps } from '../shell-steps.ts';
import type { ShellCommand, ShellWord } from '../shell-words.ts';

export const dl3042 = hadolintRule({
  name: 'DL3042',
  severity: 'warning',
  description: 'Avoid the cache directory of pip',
  explanation:
    'pip keeps what it downloads for the next time, and in an image there is no next time. Write ' +
    '`pip install --no-cache-dir`, set `ENV PIP_NO_CACHE_DIR=1`, or mount a cache: ' +
    '`--mount=type=cache,target=/root/.cache/pip`.',
  check,
});

function* check(subject: LintSubject): Generator<Finding> {
  const switchedOff = new Set<Stage>();
  for (const stage of subject.stages.stages) {
    const { parent } = lineageOf(stage, subject.stages);
    let isOff = parent !== undefined && switchedOff.has(parent);
    const steps = new Map(shellSteps(stage, subject).map((step) => [step.instruction, step]));
    for (const instruction of stage.instructions) {
      isOff ||= setsNoCache(instruction);
      const step = steps.get(instruction);
      if (!isOff && step !== undefined) yield* checkStep(step);
    }
    if (isOff) switchedOff.add(stage);
  }
}

function* checkStep(step: ShellStep): Generator<Finding> {
  if (mountsOver(step, '.cache/pip')) return;
  const { commands } = step.script;
  if (commands.some(({ name, args }) => name.text === 'export' && args.some(isNoCache))) return;
  for (const command of commands) {
    const install = pipInstall(command);
    if (install === undefined || hasOption(command, 'no-cache-dir')) continue;
    if (command.assignments.some(isNoCache)) continue;
    yield {
      message: 'pip install keeps its downloads in the layer',
      range: install.range,
      hint: 'Write pip install --no-cache-dir.',
    };
  }
}

/** The word `install` of `pip install` or `python -m pip install`. */
function pipInstall(command: ShellCommand): ShellWord | undefined {
  const program = programName(command);
  const { args } = command;
  const isModule = args.some(({ text }, at) => text === '-m' && args[at + 1]?.text === 'pip');
  const isPip = /^pip[\d.]*$/.test(program) || (/^python[\d.]*$/.test(program) && isModule);
  return isPip ? args.find(({ text }) => text === 'install') : undefined;
}

/** ENV, or ARG with a default: RUN sees both. */
function setsNoCache(instruction: Instruction): boolean {
  if (instruction.kind === 'env') {
    return instruction.pairs.some(({ key, value }) => isOn(key.text, value.text));
  }
  if (instruction.kind !== 'arg') return false;
  return instruction.args.some(({ name, value }) => isOn(name.text, value?.text ?? ''));
}

function isNoCache({ text }: ShellWord): boolean {
  const [name = '', value = ''] = text.split('=', 2);
  return isOn(name, value);
}

function isOn(name: string, value: string): boolean {
  return name === 'PIP_NO_CACHE_DIR' && /^(?:1|true|on|yes)$/i.test(withoutQuotes(value));
}
