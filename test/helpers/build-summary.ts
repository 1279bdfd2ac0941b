/** A build on record, for tests of what shows it. */
import type { BuildDetails } from '#core/build-record.ts';
import { NOW_MS } from './run-command.ts';

export function buildSummary(fields: Partial<BuildDetails> = {}): BuildDetails {
  return {
    ref: 'abc',
    name: 'app',
    status: 'completed',
    context: '.',
    platforms: ['linux/amd64'],
    buildArgs: [],
    startedAtMs: NOW_MS - 60_000,
    steps: { total: 3, completed: 3, cached: 1 },
    outputs: ['type=image'],
    logFile: '/store/builds/abc.log',
    stepList: [],
    warnings: [],
    ...fields,
  };
}
