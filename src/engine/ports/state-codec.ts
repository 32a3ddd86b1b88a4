/** Turns carried state into bytes and back, as `structuredClone` would copy it. */
export interface StateCodec {
  /** Throws when the state holds what cannot be stored. */
  encode(state: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}
