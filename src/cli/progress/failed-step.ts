/** The step of a build that failed, as every display keeps it for the summary under the log. */
export interface FailedStep {
  readonly name: string;
  /** Last lines of its output, `0.213 text`. */
  readonly log: readonly string[];
}

/** Seconds with a fixed number of decimals, from milliseconds. */
export function secondsText(ms: number, digits: number): string {
  return (Math.max(0, ms) / 1000).toFixed(digits);
}
