/** `build --call=targets`: the stages of a file, as data, docker's table and docker's JSON. */
import type { SourceFile } from '#core/source.ts';
import type { Dockerfile, Instruction } from '../ast.ts';
import { splitStages } from '../stages.ts';
import { commentsAbove } from './comments.ts';
import { lineRanges } from './summary.ts';
import { formatTable } from './text-table.ts';

export interface TargetList {
  readonly targets: readonly Target[];
  readonly file: SourceFile;
}

/** Base and platform as written. */
export interface Target {
  readonly name?: string;
  readonly description?: string;
  readonly isDefault: boolean;
  readonly base: string;
  readonly platform?: string;
  readonly from: Instruction;
}

export function listTargets(dockerfile: Dockerfile): TargetList {
  const { stages } = splitStages(dockerfile);
  const targets = stages.map(({ name, from, base, platform, index }) => {
    const description = descriptionOf(name, from, dockerfile);
    return {
      ...(name !== undefined && { name }),
      ...(description !== undefined && { description }),
      isDefault: index === stages.length - 1,
      base: base.text,
      ...(platform && { platform: platform.text }),
      from,
    };
  });
  return { targets, file: dockerfile.file };
}

/** The comment above that starts with the name: `# build compiles everything`. */
export function descriptionOf(
  name: string | undefined,
  instruction: Instruction,
  dockerfile: Dockerfile,
): string | undefined {
  if (name === undefined) return undefined;
  const comments = commentsAbove(instruction, { dockerfile });
  const comment = comments.find(({ text }) => text.startsWith(`${name} `));
  return comment?.text.slice(name.length + 1);
}

export function formatTargets({ targets }: TargetList): string {
  const rows = targets.map(({ name, isDefault, description }) => [
    [name, isDefault ? '(default)' : undefined].filter((part) => part !== undefined).join(' '),
    description ?? '',
  ]);
  return formatTable([['TARGET', 'DESCRIPTION'], ...rows], 1);
}

/** The document of `--call=targets,format=json`. */
export function targetsDocument({ targets, file }: TargetList) {
  return {
    targets: targets.map(({ name, isDefault, description, base, platform, from }) => ({
      ...(name !== undefined && { name }),
      ...(isDefault && { default: true }),
      ...(description !== undefined && { description }),
      base,
      ...(platform !== undefined && { platform }),
      location: { ranges: lineRanges(from.range, file) },
    })),
    sources: [Buffer.from(file.text).toString('base64')],
  };
}
