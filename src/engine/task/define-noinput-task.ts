import type { StandardSchemaV1 } from '@standard-schema/spec';
import { namingFaults, outputFaults, TaskDefinitionError } from './definition-error.ts';
import type { Outcome } from './outcome.ts';
import type { RunContext, RunFacts } from './run-context.ts';
import { brandTask, type NoinputTask, type PaceSettings } from './task.ts';

type MaybePromise<T> = T | Promise<T>;

/** A task that reads no CSV, as its author writes it. */
export interface NoinputTaskDefinition<
  Output extends readonly string[],
  State,
  Arguments,
  Opened,
> extends PaceSettings {
  readonly category: string;
  readonly action: string;
  /** One short sentence. */
  readonly description: string;
  /** Paragraphs, Markdown. */
  readonly doc?: string;
  /**
   * The columns of the output; `error` comes by itself. A function when they are known only once the
   * run is open, such as those of a query: it is asked after `open`, at each start and each resume, and
   * must then answer the same.
   */
  readonly output:
    | Output
    | ((args: NoInfer<Arguments>, opened: NoInfer<Opened>) => MaybePromise<Output>);
  readonly arguments?: StandardSchemaV1<unknown, Arguments>;
  /** The carried state before the first step. Whatever `structuredClone` takes. */
  readonly start: () => State;
  /** Makes what cannot be checkpointed, at each start and each resume. */
  readonly open?: (run: RunFacts<NoInfer<Arguments>, undefined>) => MaybePromise<Opened>;
  readonly close?: (opened: NoInfer<Opened>) => MaybePromise<void>;
  /** Called again and again with the state the last call gave, until it says `stop()`. */
  readonly step: (
    state: NoInfer<State>,
    run: RunContext<NoInfer<Arguments>, NoInfer<Opened>>,
  ) => MaybePromise<NoInfer<Outcome<State, Output[number]>>>;
  readonly cleanup?: (run: RunFacts<NoInfer<Arguments>, NoInfer<Opened>>) => MaybePromise<void>;
  readonly destructive?: boolean;
  /** The first outcomes for these arguments: tests run them. */
  readonly examples?: readonly {
    readonly title?: string;
    readonly arguments?: Readonly<Record<string, unknown>>;
    readonly outcomes: readonly NoInfer<Outcome<State, Output[number]>>[];
  }[];
}

/**
 * Defines a task that reads no CSV and is stepped until it stops. Throws TaskDefinitionError with
 * every fault it finds.
 */
export function defineNoinputTask<
  const Output extends readonly string[],
  State,
  Arguments = undefined,
  Opened = undefined,
>(definition: NoinputTaskDefinition<Output, State, Arguments, Opened>): NoinputTask {
  const { output } = definition;
  const faults = [
    ...namingFaults(definition),
    ...(typeof output === 'function' ? [] : outputFaults(output)),
  ];
  if (typeof definition.start !== 'function') faults.push('start is missing');
  if (typeof definition.step !== 'function') faults.push('step is missing');
  if (faults.length > 0) {
    throw new TaskDefinitionError(`${definition.category}/${definition.action}`, faults);
  }
  return brandTask({
    kind: 'noinput',
    name: `${definition.category}/${definition.action}`,
    category: definition.category,
    action: definition.action,
    description: definition.description,
    doc: definition.doc ?? '',
    output,
    argumentsSchema: definition.arguments,
    start: definition.start,
    step: definition.step,
    open: definition.open,
    close: definition.close,
    cleanup: definition.cleanup,
    isDestructive: definition.destructive ?? false,
    examples: definition.examples ?? [],
    waitAfterRowMs: definition.waitAfterRowMs,
    maxRowsPerSecond: definition.maxRowsPerSecond,
    maxFailures: definition.maxFailures,
    retry: definition.retry,
  });
}
