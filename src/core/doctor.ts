/** What `slipway doctor` finds: one finding a question, with what to do about it. */

export interface Finding {
  /** What was looked at: `kernel`, `store`, `registry` … */
  readonly name: string;
  /** `warn`: it works, and could be better; `fail`: something that people need does not work. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly text: string;
  /** The exact command, or the line to add. */
  readonly remedy?: string;
}

export interface DoctorReport {
  readonly findings: readonly Finding[];
}
