export {
  Job,
  type Idle,
  type JobContext,
  type JobLog,
  type JobSecrets,
  type JobStorage,
} from './engine/script/job.ts';
export type { JsonValue } from './engine/task/json-value.ts';
