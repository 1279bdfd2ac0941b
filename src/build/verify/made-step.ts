/** What a stage made, step by step, for those who compare two builds of it. */
import type { Dockerfile, Instruction } from '#dockerfile/ast.ts';
import type { StageLayer } from '../state.ts';

export interface MadeStep {
  /** The stage's place in the Dockerfile, from 0. */
  readonly stage: number;
  /** What it was built for. */
  readonly platform: string;
  /** As the log calls it: `[build 2/4] RUN make`. */
  readonly name: string;
  readonly instruction: Instruction;
  /** The text it stands in. */
  readonly dockerfile: Dockerfile;
  /** All that are there after it, base first; the last is its own. */
  readonly layers: readonly StageLayer[];
}
