/**
 * The formats of `slipway lint --format`, by name, each loaded when it is asked for: some make
 * digests, which takes long to load. A new one is added here and nowhere else.
 */
import type { Reporter } from './report.ts';

export const REPORT_FORMATS = {
  tty: async () => (await import('./tty.ts')).reportTty,
  json: async () => (await import('./json.ts')).reportJson,
  sarif: async () => (await import('./sarif.ts')).reportSarif,
  gitlab: async () => (await import('./gitlab.ts')).reportGitlab,
  github: async () => (await import('./github.ts')).reportGithub,
  checkstyle: async () => (await import('./checkstyle.ts')).reportCheckstyle,
  junit: async () => (await import('./junit.ts')).reportJunit,
} as const satisfies Readonly<Record<string, () => Promise<Reporter>>>;

export type ReportFormat = keyof typeof REPORT_FORMATS;
