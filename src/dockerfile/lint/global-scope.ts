/**
 * What FROM lines see: docker's automatic arguments, and the ARGs in front of the first FROM with
 * their defaults or what --build-arg says.
 */
import { formatPlatform, type Platform } from '#core/platform.ts';
import type { ArgInstruction, Operand } from '../ast.ts';
import { type ExpandedWord, expandedWord, optionsOf } from './expanded-word.ts';
import type { LintSubject } from './rule.ts';

export interface GlobalArg {
  readonly instruction: ArgInstruction;
  readonly name: Operand;
  readonly value?: string;
  /** Names its default refers to. */
  readonly uses: ReadonlySet<string>;
}

/** Docker's automatic arguments; --build-arg may set them to something else. */
export function predefinedArgs(subject: LintSubject): Map<string, string> {
  const { target, build } = platformsOf(subject);
  const names = new Map([
    ['BUILDPLATFORM', formatPlatform(build)],
    ['BUILDOS', build.os],
    ['BUILDOSVERSION', build['os.version'] ?? ''],
    ['BUILDARCH', build.architecture],
    ['BUILDVARIANT', build.variant ?? ''],
    ['TARGETPLATFORM', formatPlatform(target)],
    ['TARGETOS', target.os],
    ['TARGETOSVERSION', target['os.version'] ?? ''],
    ['TARGETARCH', target.architecture],
    ['TARGETVARIANT', target.variant ?? ''],
    ['TARGETSTAGE', subject.stages.stages.at(-1)?.name ?? 'default'],
  ]);
  for (const name of names.keys()) {
    const given = subject.buildArgs.get(name);
    if (given !== undefined) names.set(name, given);
  }
  return names;
}

const LINUX_AMD64: Platform = { os: 'linux', architecture: 'amd64' };

export function platformsOf(subject: LintSubject): {
  readonly target: Platform;
  readonly build: Platform;
} {
  return subject.platforms ?? { target: LINUX_AMD64, build: LINUX_AMD64 };
}

export interface Globals {
  readonly scope: ReadonlyMap<string, string>;
  readonly args: ReadonlyMap<string, GlobalArg>;
  /** Defaults that cannot be expanded. */
  readonly failures: readonly ExpandedWord[];
}

export function globalsOf(
  subject: LintSubject,
  given: {
    readonly predefined: ReadonlyMap<string, string>;
    readonly buildArgs: ReadonlyMap<string, string>;
  },
): Globals {
  const scope = new Map(given.predefined);
  const args = new Map<string, GlobalArg>();
  const failures: ExpandedWord[] = [];
  for (const instruction of subject.stages.globalArgs) {
    for (const { name, value } of instruction.args) {
      const passed = given.buildArgs.get(name.text);
      const expansion =
        passed === undefined && value !== undefined
          ? expandedWord(value, { ...optionsOf(subject), env: scope }, () => undefined)
          : undefined;
      if (expansion?.failure !== undefined) failures.push(expansion);
      const result = passed ?? (expansion?.failure === undefined ? expansion?.text : undefined);
      if (result !== undefined) scope.set(name.text, result);
      const uses = new Set(expansion?.matched);
      // A default that refers to its own name means the declaration before it.
      if (uses.delete(name.text)) for (const use of args.get(name.text)?.uses ?? []) uses.add(use);
      args.set(name.text, {
        instruction,
        name,
        ...(result !== undefined && { value: result }),
        uses,
      });
    }
  }
  return { scope, args, failures };
}
