/** Letters and digits that a person can tell apart and select with a double click: 5 bits each. */
export const ID_LETTERS = '23456789abcdefghijkmnpqrstuvwxyz';

/** A new id: `run` → `run_7kq2m4xw9abc`. */
export type MakeId = (prefix: string) => string;
