/** What `history inspect` shows of a build to people, in the manner of docker buildx. Pure. */
import type { BuildDetails, BuildStepRecord } from '#core/build-record.ts';
import { type Digest, shortId } from '#core/digest.ts';
import { durationText, statusWord } from './build-rows.ts';
import { timestampText } from './format.ts';
import { AS_JSON, type Struct } from './template/values.ts';

const LABEL_WIDTH = 16;

type Field = readonly [label: string, value: string | undefined];

export function buildText(build: BuildDetails, nowMs: number): string {
  const { dockerfile, result, stepList, warnings, error } = build;
  return [
    fields([
      ['Ref', build.ref],
      ['Name', build.name],
      ['Context', build.context],
      ['Dockerfile', dockerfile?.path],
      ['Digest', dockerfile?.digest],
      ['Target', build.target],
      ['Platforms', build.platforms.join(', ')],
      ['Build args', build.buildArgs.join(', ') || undefined],
    ]),
    fields([
      ['Status', statusWord(build.status)],
      ['Started', timestampText(new Date(build.startedAtMs).toISOString())],
      ['Duration', durationText(build, nowMs)],
      ['Build Steps', stepsLine(build)],
      ['Log', build.logFile],
    ]),
    fields([
      ['Outputs', build.outputs.join(', ') || undefined],
      ['Image', result?.imageId],
      ['Manifest', result?.manifest],
      ['Names', result?.names.join(', ') || undefined],
    ]),
    stepList.length === 0 ? '' : `Steps:\n${stepList.map(stepText).join('')}`,
    warnings.length === 0 ? '' : `Warnings:\n${warnings.map((text) => `  ${text}\n`).join('')}`,
    error === undefined ? '' : `Error:\n  ${error}\n`,
    build.failedImage === undefined ? '' : lookInside(build.failedImage),
  ]
    .filter((block) => block !== '')
    .join('\n');
}

function lookInside(image: Digest): string {
  const id = shortId(image);
  return `Root of the failed step:\n  image ${id}: slipway run --rm -it ${id} sh\n`;
}

function fields(list: readonly Field[]): string {
  return list
    .flatMap(([label, value]) =>
      value === undefined ? [] : [`${`${label}:`.padEnd(LABEL_WIDTH)}${value}\n`],
    )
    .join('');
}

function stepsLine({ steps: { total, completed, cached } }: BuildDetails): string {
  const percent = total === 0 ? 0 : Math.trunc((cached * 100) / total);
  return `${completed}/${total} (${percent}% cached)`;
}

function stepText({ number, name, state, durationMs, missed }: BuildStepRecord): string {
  const time = durationMs === undefined ? '' : `${(durationMs / 1000).toFixed(1)}s`;
  const line = `  #${String(number).padEnd(3)} ${state.padEnd(10)} ${time.padStart(7)}  ${name}\n`;
  return missed === undefined ? line : `${line}       missed: ${missed}\n`;
}

/** For `--format`: buildx's names where it has them. */
export function buildStruct(build: BuildDetails): Struct {
  const { dockerfile, result, steps } = build;
  const document = {
    Ref: build.ref,
    Name: build.name,
    Context: build.context,
    Dockerfile: dockerfile?.path ?? '',
    DockerfileDigest: dockerfile?.digest ?? '',
    Target: build.target ?? '',
    Platform: build.platforms,
    BuildArgs: build.buildArgs,
    Status: build.status,
    StartedAt: new Date(build.startedAtMs).toISOString(),
    CompletedAt: build.endedAtMs === undefined ? '' : new Date(build.endedAtMs).toISOString(),
    DurationMs: Math.round((build.endedAtMs ?? build.startedAtMs) - build.startedAtMs),
    NumTotalSteps: steps.total,
    NumCompletedSteps: steps.completed,
    NumCachedSteps: steps.cached,
    Steps: build.stepList.map((step) => ({
      Number: step.number,
      Name: step.name,
      State: step.state,
      DurationMs: Math.round(step.durationMs ?? 0),
      Missed: step.missed ?? '',
    })),
    Outputs: build.outputs,
    ImageID: result?.imageId ?? '',
    Digest: result?.manifest ?? '',
    Names: result?.names ?? [],
    Warnings: build.warnings,
    Error: build.error ?? '',
    FailedImage: build.failedImage ?? '',
    LogFile: build.logFile,
  };
  return { ...document, [AS_JSON]: JSON.stringify(document) };
}
