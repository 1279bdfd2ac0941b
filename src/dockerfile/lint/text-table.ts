/**
 * Columns as docker's tables have them: each but the last one padded to its widest cell and a gap;
 * blanks at the end of a line stay.
 */

/** Lines with a newline each. */
export function formatTable(rows: readonly (readonly string[])[], gap: number): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.slice(0, -1).entries()) {
      widths[column] = Math.max(widths[column] ?? 0, [...cell].length + gap);
    }
  }
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1
          ? cell
          : cell + ' '.repeat((widths[column] ?? 0) - [...cell].length),
      )
      .join(''),
  );
  return lines.map((line) => `${line}\n`).join('');
}
