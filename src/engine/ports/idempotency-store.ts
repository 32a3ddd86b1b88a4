/** A request that may be sent twice and must be carried out once. */
export interface RepeatableRequest {
  readonly accountId: string;
  /** What stands for the caller's key: not the key itself. */
  readonly keyHash: string;
}

/** What becomes of a request that names a key. */
export type BegunRequest =
  /** Nobody carries it out: the caller does, and completes or abandons it. */
  | {
      readonly kind: 'begun';
      /** The same at every attempt of this request: ids made from it are the same too. */
      readonly nonce: string;
      /** An earlier attempt was begun and never told how it ended. */
      readonly isTakenUp: boolean;
    }
  | { readonly kind: 'in_flight' }
  | {
      readonly kind: 'answered';
      readonly nonce: string;
      readonly head: string;
      readonly bodyHash: string;
      /** As `complete` was given it. */
      readonly answer: string;
    };

/** Keeps what was answered to requests with a key, for a day. */
export interface IdempotencyStore {
  /** `head` is what is known of the request before its body, `nonce` a new one. */
  begin(
    request: RepeatableRequest,
    first: { readonly head: string; readonly nonce: string },
  ): Promise<BegunRequest>;
  /** On the disk when it ends. */
  complete(
    request: RepeatableRequest,
    answer: { readonly bodyHash: string; readonly answer: string },
  ): Promise<void>;
  /** It broke off: the next attempt of the same request takes it up. */
  release(request: RepeatableRequest): Promise<void>;
  /** It was refused: the key is free again. */
  abandon(request: RepeatableRequest): Promise<void>;
  /** Forgets those whose day is over; gives how many. */
  prune(): Promise<number>;
}
