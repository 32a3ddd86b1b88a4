import { isOutcome } from '../../src/engine/task/outcome.ts';
import type { RunContext, RunFacts } from '../../src/engine/task/run-context.ts';
import type { NoinputTask } from '../../src/engine/task/task.ts';
import { argumentsOf, factsOf } from './outcomes-of.ts';

export interface Exported {
  readonly columns: readonly string[];
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  /** The state behind the last step, as a checkpoint would keep it. */
  readonly state: unknown;
}

/** Steps a noinput task as the engine does: to its end or so many steps, from a state on. */
export async function exportRows(
  task: NoinputTask,
  given: Readonly<Record<string, unknown>>,
  {
    steps = Infinity,
    from,
    secrets = {},
  }: {
    readonly steps?: number;
    readonly from?: unknown;
    readonly secrets?: Readonly<Record<string, string>>;
  } = {},
): Promise<Exported> {
  const args = await argumentsOf(task, given);
  const before = { ...factsOf({ fetch, header: [], secrets }), arguments: args };
  const opened: unknown = await task.open?.(before as RunFacts<never, undefined>);
  const facts = { ...before, opened };
  try {
    const columns =
      typeof task.output === 'function'
        ? await task.output(args as never, opened as never)
        : task.output;
    const rows: Readonly<Record<string, unknown>>[] = [];
    let state = from === undefined ? task.start?.() : structuredClone(from);
    for (let step = 1; step <= steps; step += 1) {
      const context = { ...facts, rowNumber: step, rowKey: `key-${step}` };
      const outcome = await task.step(state as never, context as RunContext<never, never>);
      if (!isOutcome(outcome)) throw new Error('no outcome');
      if (outcome.kind === 'writeAll') rows.push(...outcome.value);
      if (outcome.kind === 'stop') break;
      if (outcome.hasNext) state = structuredClone(outcome.next);
    }
    return { columns, rows, state };
  } finally {
    await task.close?.(opened as never);
  }
}
