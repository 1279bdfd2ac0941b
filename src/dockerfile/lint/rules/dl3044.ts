/** DL3044: ENV uses a variable that it sets itself. */

import type { EnvInstruction, Operand } from '../../ast.ts';
import { hadolintRule } from '../hadolint-rule.ts';
import type { Finding, LintSubject } from '../rule.ts';

export const dl3044 = hadolintRule({
  name: 'DL3044',
  severity: 'error',
  description:
    'Do not refer to an environment variable within the same ENV statement where it is defined',
  explanation:
    'All values of one ENV are expanded before any of its names is set: in `ENV A=1 B=$A` the variable B ' +
    'is empty, or has what A was before. Write two ENVs.',
  check,
});

function* check({ stages }: LintSubject): Generator<Finding> {
  const known = new Set(stages.globalArgs.flatMap(({ args }) => args.map(({ name }) => name.text)));
  for (const { instructions } of stages.stages) {
    for (const instruction of instructions) {
      if (instruction.kind === 'arg') for (const { name } of instruction.args) known.add(name.text);
      if (instruction.kind !== 'env') continue;
      yield* checkPairs(instruction, known);
      for (const { key } of instruction.pairs) known.add(key.text);
    }
  }
}

function* checkPairs({ pairs }: EnvInstruction, known: ReadonlySet<string>): Generator<Finding> {
  const own = new Set(pairs.map(({ key }) => key.text));
  for (const { key, value } of pairs) {
    // `PATH=$PATH:/bin` means the one from before, and people know it.
    const early = variablesIn(value).find(
      (name) => name !== key.text && own.has(name) && !known.has(name),
    );
    if (early === undefined) continue;
    yield {
      message: `${early} is not set yet in the ENV that sets it`,
      range: value.range,
      hint: `Set ${key.text} in an ENV of its own, below.`,
    };
  }
}

function variablesIn({ text }: Operand): readonly string[] {
  if (text.startsWith("'")) return [];
  return [...text.matchAll(/(?<![\\`])\$\{?(\w+)/g)].map((match) => match[1] ?? '');
}
