import type { MessagePort } from 'node:worker_threads';
import type { ResourceRequest } from '../protocol/asked-resources.ts';
import type { Answer } from '../protocol/script-wire.ts';
import type {
  CarriedError,
  LogLine,
  RowSlice,
  RowThreadSetup,
  SliceResult,
} from '../../engine/ports/row-executor.ts';

// A thread has no database and no connection of its own: it asks the one that started it.

export interface AskMessage {
  readonly id: number;
  readonly request: ResourceRequest;
}

export type AnswerMessage =
  | { readonly id: number; readonly answer: Answer }
  | { readonly id: number; readonly error: CarriedError };

/** What a thread is started with: what its entry needs to find the task, and the run. */
export interface ThreadData<Found> {
  readonly found: Found;
  readonly setup: RowThreadSetup;
  /** Where it asks for what its run may use. */
  readonly resources: MessagePort;
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
