/** Which tasks a server has by its configuration: gc, retention, scrub. */
import type { CareConfig } from '#core/registry-config.ts';
import type { RegistryCare, RegistryProvider } from '../provider.ts';
import type { Metrics } from './metrics.ts';
import { applyRetention } from './retention.ts';
import { tagJudge } from './tag-rules.ts';
import type { UpkeepTask } from './upkeep.ts';

/** A pass of the scrub that was cut short goes on after this. */
const SCRUB_LOOK_MS = 60 * 60_000;

export interface CareTaskOptions {
  readonly provider: RegistryProvider;
  readonly care: RegistryCare;
  readonly metrics?: Metrics;
  readonly log?: (line: string) => void;
}

export function careTasks(
  config: CareConfig,
  { provider, care, metrics, log }: CareTaskOptions,
): readonly UpkeepTask[] {
  const { gc, retention, scrub } = config;
  const tasks: UpkeepTask[] = [];
  if (gc.intervalMs !== undefined) {
    const run: UpkeepTask['run'] = async (signal) => {
      const collected = await care.collect({ ...gc, signal });
      metrics?.collected(collected);
      const { blobs, uploads, bytes } = collected;
      return bytes === 0
        ? undefined
        : `removed ${blobs} blobs and ${uploads} uploads, ${bytes} bytes`;
    };
    tasks.push({ name: 'gc', intervalMs: gc.intervalMs, run });
  }
  if (retention.intervalMs !== undefined && retention.rules.length > 0) {
    const judge = tagJudge(config.tags);
    const run: UpkeepTask['run'] = async (signal) => {
      const { rules } = retention;
      for await (const { repository, tag, digest, why } of applyRetention(
        { catalog: provider.catalog, care },
        { rules, judge, nowMs: Date.now(), signal },
      )) {
        log?.(`retention: removed ${repository}${tag ? `:${tag}` : `@${digest}`}: ${why}`);
      }
      return undefined;
    };
    tasks.push({ name: 'retention', intervalMs: retention.intervalMs, run });
  }
  const { intervalMs, bytesPerSecond } = scrub;
  if (intervalMs !== undefined) {
    const run: UpkeepTask['run'] = async (signal) => {
      await care.scrub({
        bytesPerSecond,
        intervalMs,
        signal,
        onDamage: ({ digest, problem, found, repositories }) => {
          metrics?.damaged();
          const seen = found === undefined ? '' : ` (${found})`;
          log?.(`error: scrub: blob ${digest} is ${problem}${seen}; in ${repositories.join(', ')}`);
        },
      });
      return undefined;
    };
    tasks.push({ name: 'scrub', intervalMs: Math.min(intervalMs, SCRUB_LOOK_MS), run });
  }
  return tasks;
}
