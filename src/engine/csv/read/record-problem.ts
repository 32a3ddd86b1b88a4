/** Why a record fails before its cells are looked at. The codes are stable. */
export type RecordProblemCode =
  | 'unclosed_quote'
  | 'stray_quote'
  | 'record_too_long'
  | 'too_few_cells'
  | 'too_many_cells'
  | 'invalid_encoding';

/** A record that was read in the best way possible but is not what the file's dialect says. */
export interface RecordProblem {
  readonly code: RecordProblemCode;
  /** For people, such as `3 cells, but the header has 4`. */
  readonly message: string;
}
