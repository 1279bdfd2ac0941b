/** The secrets and SSH agents that RUN asks for with `--mount`, as far as an outline shows them. */
import type { Range } from '#core/source.ts';
import { mountValues } from '../mount-fields.ts';
import { parseRunMount } from '../run-mount.ts';
import type { Statement } from './evaluation.ts';

export interface MountRequest {
  readonly type: 'secret' | 'ssh';
  readonly id: string;
  readonly isRequired: boolean;
  /** The RUN that asks. */
  readonly range: Range;
}

/** In order. Mounts of other kinds, and those that cannot be read, are left out. */
export function requestsOf({ instruction, words, trigger }: Statement): MountRequest[] {
  if (instruction.kind !== 'run') return [];
  const values = words.map(({ text }) => text);
  return instruction.mounts.flatMap(({ text }) => {
    // The values are the statement's words, in the same order.
    const own = values.splice(0, mountValues(text).length);
    const reading = parseRunMount(text, () => own.shift());
    if (reading.kind !== 'mount') return [];
    const { mount } = reading;
    if (mount.type !== 'secret' && mount.type !== 'ssh') return [];
    const { type, id, required } = mount;
    return [{ type, id, isRequired: required, range: trigger ?? instruction.range }];
  });
}
