/** The secrets and SSH agents that RUN asks for with `--mount`, as far as an outline shows them. */
import { posix } from 'node:path';
import type { Range } from '#core/source.ts';
import type { Statement } from './evaluation.ts';

export interface MountRequest {
  readonly type: 'secret' | 'ssh';
  readonly id: string;
  readonly isRequired: boolean;
  /** The RUN that asks. */
  readonly range: Range;
}

/** In order. Mounts of other kinds, and those that name nothing, are left out. */
export function requestsOf({ instruction, words, trigger }: Statement): MountRequest[] {
  if (instruction.kind !== 'run') return [];
  const values = words.map(({ text }) => text);
  return instruction.mounts.flatMap((mount) => {
    const fields = new Map<string, string>();
    for (const field of mount.text.split(',')) {
      const equals = field.indexOf('=');
      const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
      // The values are the statement's words, in the same order.
      fields.set(key, equals < 0 ? 'true' : (values.shift() ?? ''));
    }
    const type = fields.get('type')?.toLowerCase();
    if (type !== 'secret' && type !== 'ssh') return [];
    const id = type === 'secret' ? secretId(fields) : (fields.get('id') ?? 'default');
    const isRequired = /^(?:1|t|true)$/i.test(fields.get('required') ?? '');
    return id === '' ? [] : [{ type, id, isRequired, range: trigger ?? instruction.range }];
  });
}

function secretId(fields: ReadonlyMap<string, string>): string {
  const target = fields.get('target') ?? fields.get('dst') ?? fields.get('destination') ?? '';
  return fields.get('source') ?? fields.get('src') ?? fields.get('id') ?? posix.basename(target);
}
