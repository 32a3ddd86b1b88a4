export { defineTask } from './engine/task/define-task.ts';
export { defineNoinputTask } from './engine/task/define-noinput-task.ts';
export {
  fail,
  ok,
  omit,
  retry,
  stop,
  write,
  writeAll,
  writeText,
  type CellValue,
  type FailureInput,
  type Outcome,
  type OutputRow,
} from './engine/task/outcome.ts';
export { replace, type CsvTask, type NoinputTask, type Task } from './engine/task/task.ts';
export { runExamples, type ExampleMismatch } from './engine/task/examples.ts';
export type { Verifier } from './engine/task/columns.ts';
export type { RunContext, RunFacts } from './engine/task/run-context.ts';
export { ArgumentsRefused, InputRefused, RunHalted } from './engine/task/task-errors.ts';
export {
  defineHandler,
  type HandledJob,
  type Handler,
  type HandlerDefinition,
  type JobEntity,
  type JobStatus,
} from './engine/handlers/define-handler.ts';
export {
  defineReferences,
  type ReferenceContext,
  type References,
  type ReferencesDefinition,
} from './engine/handlers/define-references.ts';
export { TaskDefinitionError } from './engine/task/definition-error.ts';
