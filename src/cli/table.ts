/** Column tables as docker prints them (Go's tabwriter: columns at least 10 wide, 3 apart). Pure. */

const COLUMN_WIDTH_MIN = 10;
const COLUMN_GAP = 3;

/** Lines with a newline each. Rows shorter than the header end early. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [header, ...rows];
  // Not as arguments of Math.max: an image has more files than a call may have arguments.
  const widths = header.map((_, column) =>
    lines.reduce(
      (widest, cells) => Math.max(widest, width(cells[column]) + COLUMN_GAP),
      COLUMN_WIDTH_MIN,
    ),
  );
  return lines.map((cells) => `${formatRow(cells, widths)}\n`).join('');
}

/** The last cell is not padded. */
function formatRow(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, i) =>
      i === cells.length - 1 ? cell : cell + ' '.repeat((widths[i] ?? 0) - width(cell)),
    )
    .join('');
}

/** Code points, as Go counts. */
function width(cell: string | undefined): number {
  return [...(cell ?? '')].length;
}
