import type {
  CarriedError,
  LogLine,
  RowSlice,
  RowThreadSetup,
  SliceResult,
} from '../../engine/ports/row-executor.ts';

/** What a thread is started with: what its entry needs to find the task, and the run. */
export interface ThreadData<Found> {
  readonly found: Found;
  readonly setup: RowThreadSetup;
}

/** What a thread is told. */
export type ToThread =
  | { readonly kind: 'run'; readonly id: number; readonly slice: RowSlice }
  | { readonly kind: 'stop' }
  | { readonly kind: 'close' };

/** What a thread says. */
export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'secret_used'; readonly name: string }
  | { readonly kind: 'refused'; readonly error: CarriedError }
  | { readonly kind: 'result'; readonly id: number; readonly result: SliceResult }
  | { readonly kind: 'closed'; readonly log: readonly LogLine[] };
