/** Why an input cannot be read as CSV at all. The codes are stable. */
export type CsvErrorCode =
  | 'empty_input'
  | 'binary_input'
  | 'not_csv'
  | 'unknown_encoding'
  | 'invalid_encoding'
  | 'needs_utf8_copy'
  | 'gzip_bomb'
  | 'invalid_option'
  | 'unreadable';

/** Where in an input something is, as far as it is known. */
export interface CsvPlace {
  /** Name of the input, such as a path. */
  readonly name?: string | undefined;
  /** 1-based. */
  readonly line?: number | undefined;
  /** 0-based offset. */
  readonly byte?: number | undefined;
}

/** The input cannot be read: the message names the input, the place and what was expected. */
export class CsvError extends Error {
  override readonly name = 'CsvError';
  readonly code: CsvErrorCode;
  readonly place: CsvPlace;

  constructor(
    code: CsvErrorCode,
    message: string,
    options: { readonly place?: CsvPlace; readonly cause?: unknown } = {},
  ) {
    const place = options.place ?? {};
    super(
      placeText(place) + message,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.place = place;
  }
}

function placeText(place: CsvPlace): string {
  const parts: string[] = [];
  if (place.line !== undefined) parts.push(`line ${place.line}`);
  if (place.byte !== undefined) parts.push(`byte ${place.byte}`);
  const where = parts.join(', ');
  if (place.name === undefined) return where === '' ? '' : `${where}: `;
  return where === '' ? `${place.name}: ` : `${place.name} (${where}): `;
}
