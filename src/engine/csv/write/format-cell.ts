import type { Dialect } from '../csv-table.ts';

/**
 * Text to be written, each char one byte: UTF-8 bytes read as latin1. Pages of output are put together
 * in this form because an ASCII record is copied into it without a conversion.
 */
export type ByteText = string;

/** Writes cells of one dialect. */
export interface CellFormat {
  /** The cell, quoted where the dialect needs it, as bytes. */
  readonly cell: (text: string) => ByteText;
  /** Cells with delimiters between them, no line end. */
  readonly record: (cells: readonly string[]) => ByteText;
  readonly delimiter: ByteText;
  readonly lineEnd: ByteText;
}

/**
 * How cells are written in a dialect. Where the dialect quotes nothing, `"` is used for the cells that
 * could not be told apart otherwise.
 */
export function cellFormat(dialect: Dialect): CellFormat {
  const quote = dialect.quote === '' ? '"' : dialect.quote;
  const escape = dialect.quote === '' ? quote : dialect.escape;
  const special = new RegExp(
    `[\\n\\r${escapeInClass(dialect.delimiter + quote + escape)}]|^\\s|\\s$`,
  );
  const toDouble = new RegExp(`[${escapeInClass(quote)}${escapeInClass(escape)}]`, 'g');
  const doubled = `${replacementText(escape)}$&`;
  const delimiter = toByteText(dialect.delimiter);
  const cell = (text: string): ByteText => {
    if (text === '') return dialect.collapseDelimiters ? quote + quote : '';
    if (!special.test(text)) return toByteText(text);
    return quote + toByteText(text.replace(toDouble, doubled)) + quote;
  };
  return {
    cell,
    record: (cells) => cells.map(cell).join(delimiter),
    delimiter,
    lineEnd: dialect.lineEnd,
  };
}

const ASCII = /^[\u0000-\u007F]*$/;

/** A text as its UTF-8 bytes, one char a byte. */
export function toByteText(text: string): ByteText {
  return ASCII.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

function escapeInClass(characters: string): string {
  return characters.replaceAll(/[\\\]^-]/g, String.raw`\$&`);
}

function replacementText(text: string): string {
  return text.replaceAll('$', '$$$$');
}
