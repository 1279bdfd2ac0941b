/** A problem in a source file, as data: printing is somebody else's job. */
import type { Range } from './source.ts';

export type Severity = 'error' | 'warning' | 'info';

export interface Diagnostic {
  /** Rule or error name, e.g. `UnknownInstruction`, `StageNameCasing`, `DL3006`. */
  readonly code: string;
  readonly severity: Severity;
  /** First line, in docker's words where docker has words for it. */
  readonly message: string;
  readonly range: Range;
  /** Why it is wrong, one sentence. */
  readonly reason?: string;
  /** What to do, one sentence ("did you mean COPY?"). */
  readonly hint?: string;
  readonly url?: string;
}
