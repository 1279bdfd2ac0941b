/** Runs what a command line of another program was translated to, and gives what it would give. */
import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandSet, type Host, hostWith } from '../host.ts';
import type { Plan, Result, SettingsOver } from './program.ts';

type RunLine = CommandSet['run'];

/** The first exit code that is not 0 ends it. */
export async function runPlan(plan: Plan, host: Host, runLine: RunLine): Promise<number> {
  const own = hostOf(plan, host);
  const { results = [] } = plan;
  for (const line of plan.lines) {
    const exitCode =
      line.includes('build') && results.length > 0
        ? await runBuild(line, { results, host: own, runLine })
        : await runLine(line, own);
    if (exitCode !== 0) return exitCode;
  }
  return 0;
}

function hostOf({ over = {}, input }: Plan, host: Host): Host {
  return hostWith(host, {
    ...(input === undefined ? {} : { stdin: createReadStream(input) }),
    settings: (flags) => host.settings(withOver(flags, over)),
  });
}

/** A flag of the command itself wins. */
function withOver(flags: Parameters<Host['settings']>[0], over: SettingsOver) {
  return { ...over, ...flags, runtime: flags.runtime ?? over.runtime };
}

const METADATA = '--metadata-file=';

/** What was built is read from its metadata, in a file of ours unless the caller wants one. */
async function runBuild(
  line: readonly string[],
  { results, host, runLine }: { results: readonly Result[]; host: Host; runLine: RunLine },
): Promise<number> {
  const wanted = line.find((word) => word.startsWith(METADATA))?.slice(METADATA.length);
  // It is not there before the build has ended, and nobody can guess its name.
  const path = wanted ?? join(tmpdir(), `slipway-${randomUUID()}.json`);
  try {
    const argv = wanted === undefined ? withMetadata(line, path) : line;
    const exitCode = await runLine(argv, host);
    if (exitCode !== 0 || !existsSync(path)) return exitCode;
    const metadata: Readonly<Record<string, string>> = JSON.parse(readFileSync(path, 'utf8'));
    for (const result of results) give(result, { metadata, host });
    return 0;
  } finally {
    if (wanted === undefined) rmSync(path, { force: true });
  }
}

function withMetadata(line: readonly string[], path: string): readonly string[] {
  const at = line.indexOf('build') + 1;
  return [...line.slice(0, at), `${METADATA}${path}`, ...line.slice(at)];
}

function give(
  result: Result,
  { metadata, host }: { metadata: Readonly<Record<string, string>>; host: Host },
): void {
  if (result.kind === 'print-id') {
    host.stdout.write(`${metadata['containerimage.config.digest']?.replace(/^sha256:/, '')}\n`);
    return;
  }
  const digest = metadata['containerimage.digest'];
  writeFileSync(result.path, result.before.map((text) => `${text}${digest}`).join('\n'));
}
