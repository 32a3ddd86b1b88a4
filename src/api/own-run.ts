import { refuseFilesElsewhere } from '../engine/hosting/files-elsewhere.ts';
import type { HostedRun } from '../engine/ports/hosted-run-store.ts';
import { mayDo } from './actor.ts';
import { ApiProblem } from './problem.ts';
import type { Call } from './route.ts';

/** The run of the call. Another account's is not there: who may not see it is not told that it exists. */
export async function ownRun({
  params: { run_id: runId },
  actor,
  ports,
}: Pick<Call<{ readonly run_id: string }>, 'params' | 'actor' | 'ports'>): Promise<HostedRun> {
  const run = await ports.store.get(runId);
  if (run.accountId === actor.accountId || mayDo(actor, 'admin')) return run;
  throw new ApiProblem('run_not_found', `there is no run ${runId}`);
}

/** The same, for who is about to read its files. Throws `files_elsewhere`. */
export async function ownRunFiles(call: Parameters<typeof ownRun>[0]): Promise<HostedRun> {
  const run = await ownRun(call);
  refuseFilesElsewhere(run, `run ${run.record.runId}`);
  return run;
}
