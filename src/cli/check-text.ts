/** `system check`'s answer for people. Pure. */
import type { CheckReport, StoreProblem } from '#core/store-report.ts';
import { humanSize } from './format.ts';

const STATES: Readonly<Record<StoreProblem['state'], string>> = {
  repairable: 'repairable',
  repaired: 'repaired',
  left: 'problem',
};

export function checkText(report: CheckReport): string {
  const lines = report.problems.flatMap((problem) => [
    `${problem.isError ? STATES[problem.state] : 'note'}: ${problem.what}`,
    `  ${problem.consequence}`,
  ]);
  const { blobs, bytes, layers, images, isQuick } = report;
  const how = isQuick ? 'Looked at' : 'Read';
  const counts = `${counted(blobs, 'blob')} (${humanSize(bytes)}), ${counted(layers, 'layer index', 'layer indexes')}, ${counted(images, 'manifest')}`;
  const summary = `${how} ${counts}: ${verdict(report)}`;
  return `${[...lines, summary].join('\n')}\n`;
}

/** Errors that no repair has taken away. */
export function problemsLeft({ problems }: CheckReport): number {
  return problems.filter(({ isError, state }) => isError && state !== 'repaired').length;
}

function verdict(report: CheckReport): string {
  const left = problemsLeft(report);
  const repairable = report.problems.filter(
    ({ isError, state }) => isError && state === 'repairable',
  );
  const repaired = report.problems.filter(({ state }) => state === 'repaired').length;
  const parts = [
    ...(repaired > 0 ? [`${repaired} repaired`] : []),
    left === 0 ? 'no problems' : counted(left, 'problem'),
  ];
  const hint =
    repairable.length > 0 ? `, ${repairable.length} for "slipway system check --repair"` : '';
  return `${parts.join(', ')}${hint}`;
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
