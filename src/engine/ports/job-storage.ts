import type { ScriptStorage } from './script-executor.ts';

/** What each job keeps between its runs. It goes with the job. */
export interface JobStorages {
  of(jobId: string): ScriptStorage;
}
