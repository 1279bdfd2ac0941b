/** The formats of `slipway lint --format`, by name. A new one is added here and nowhere else. */
import { reportCheckstyle } from './checkstyle.ts';
import { reportGithub } from './github.ts';
import { reportGitlab } from './gitlab.ts';
import { reportJson } from './json.ts';
import { reportJunit } from './junit.ts';
import type { Reporter } from './report.ts';
import { reportSarif } from './sarif.ts';
import { reportTty } from './tty.ts';

export const REPORT_FORMATS = {
  tty: reportTty,
  json: reportJson,
  sarif: reportSarif,
  gitlab: reportGitlab,
  github: reportGithub,
  checkstyle: reportCheckstyle,
  junit: reportJunit,
} as const satisfies Readonly<Record<string, Reporter>>;

export type ReportFormat = keyof typeof REPORT_FORMATS;
