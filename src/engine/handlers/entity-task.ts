import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { RegisteredTask } from '../task/registry.ts';
import type { RunContext } from '../task/run-context.ts';
import { brandTask } from '../task/task.ts';
import { entityStep, type EntityStepPorts } from './entity-step.ts';
import type { EntityArguments } from './handled-jobs.ts';

/** The name of the task that runs of handlers are. No task of an author has such a name. */
export const ENTITY_TASK = 'entity/run@1';

/** Runs of handlers as runs of a task of one step. */
export function entityTask(ports: EntityStepPorts): RegisteredTask {
  const task = brandTask({
    kind: 'noinput',
    name: ENTITY_TASK,
    category: 'entity',
    action: 'run@1',
    description: 'What a handler runs',
    doc: '',
    output: ['result_code', 'message', 'result'],
    argumentsSchema: ANY_ENTITY,
    isDestructive: false,
    start: undefined,
    open: undefined,
    close: undefined,
    cleanup: undefined,
    examples: [],
    step: (_state: undefined, run: RunContext<EntityArguments, undefined>) =>
      entityStep(run, ports),
  });
  return { task, codeHash: ENTITY_TASK, origin: 'rowmill' };
}

/** It was looked at when it came. */
const ANY_ENTITY: StandardSchemaV1<unknown, unknown> = {
  '~standard': { version: 1, vendor: 'rowmill', validate: (value) => ({ value }) },
};
