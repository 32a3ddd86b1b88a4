import { shorten, visible } from './visible-text.ts';

export interface TableColumn {
  readonly title: string;
  readonly align?: 'right';
  /** May be cut when the terminal is narrow. */
  readonly canShrink?: boolean;
}

const GAP = '  ';
const NARROWEST = 8;

/** Lines of a table, the titles first. Cells are made visible, and cut only to fit into `width`. */
export function textTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width: number,
): string[] {
  const cells = rows.map((row) => columns.map((_, index) => visible(row[index] ?? '')));
  const titles = columns.map(({ title }) => title);
  const widths = titles.map((title, index) =>
    cells.reduce((widest, row) => Math.max(widest, row[index]?.length ?? 0), title.length),
  );
  shrink(widths, columns, width);
  return [titles, ...cells].map((row) =>
    row
      .map((cell, index) => {
        const room = widths[index] ?? 0;
        const text = shorten(cell, room);
        return columns[index]?.align === 'right' ? text.padStart(room) : text.padEnd(room);
      })
      .join(GAP)
      .trimEnd(),
  );
}

/** Takes what is missing from the widest column that may shrink, again and again. */
function shrink(widths: number[], columns: readonly TableColumn[], width: number): void {
  const tooMuch = (): number =>
    widths.reduce((sum, each) => sum + each, 0) + GAP.length * (widths.length - 1) - width;
  while (tooMuch() > 0) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      const isWider = (widths[index] ?? 0) > (widths[widest] ?? NARROWEST);
      if (column.canShrink === true && isWider) widest = index;
    }
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}
