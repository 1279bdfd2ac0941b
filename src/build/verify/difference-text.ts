/** What differed between two builds, as lines for the log. Pure. */
import { displayBytes } from '#core/bytes.ts';
import type { FileChange } from '#core/image-files.ts';
import { positionAt } from '#core/source.ts';
import type { TreeDifference } from './layer-difference.ts';
import type { LikelyCause } from './likely-cause.ts';
import type { MadeStep } from './made-step.ts';

const OTHERS_MAX = 5;

export function differenceLines(
  step: MadeStep,
  difference: TreeDifference | undefined,
  cause: LikelyCause | undefined,
): readonly string[] {
  const { dockerfile, instruction, name } = step;
  const { line } = positionAt(dockerfile.file, instruction.range.start);
  return [
    `the builds differ first in ${dockerfile.file.name}:${line}`,
    `  ${name.split('\n', 1)[0] ?? name}`,
    ...(difference ? fileLines(difference) : [SAME_FILES]),
    ...(cause ? [`  likely cause: ${cause.why}`] : []),
  ];
}

const SAME_FILES =
  '  all files are the same: the layers differ in the order of files, or in which are links';

function fileLines({ first, others, content, said }: TreeDifference): readonly string[] {
  const shown: readonly (readonly [string, string])[] = content
    ? [
        ['1st', excerptText(content.excerpts[0])],
        ['2nd', excerptText(content.excerpts[1])],
      ]
    : said
      ? [
          ['1st', JSON.stringify(said[0]).slice(1, -1)],
          ['2nd', JSON.stringify(said[1]).slice(1, -1)],
        ]
      : [];
  const at = content ? `, from byte ${content.offset} on` : '';
  return [
    `  ${changeText(first)}${at}`,
    ...shown.map(([which, text]) => `    ${which} build: ${text}`),
    ...(others.length === 0 ? [] : [`  and ${othersText(others)}`]),
  ];
}

function changeText({ path, change, differences }: FileChange): string {
  const shown = JSON.stringify(displayBytes(path)).slice(1, -1);
  if (change === 'added') return `${shown}: only the second build has it`;
  if (change === 'deleted') return `${shown}: only the first build has it`;
  return `${shown}: ${differences.join(', ')}`;
}

function othersText(others: readonly FileChange[]): string {
  const named = others.slice(0, OTHERS_MAX).map(changeText).join('; ');
  const more = others.length - OTHERS_MAX;
  return more > 0 ? `${named}; and ${more} more` : named;
}

/** Text as text, anything else in hexadecimal. */
function excerptText(bytes: Buffer): string {
  if (bytes.byteLength === 0) return '(it ends here)';
  const text = bytes.toString('utf8');
  const odd = [...text].filter((letter) => /[^\P{C}\n\t\r]|\uFFFD/u.test(letter)).length;
  return odd * 4 > text.length
    ? bytes
        .toString('hex')
        .replaceAll(/(.{8})/g, '$1 ')
        .trim()
    : JSON.stringify(text);
}
