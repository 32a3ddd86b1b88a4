import type { HostedRun } from '../../engine/ports/hosted-run-store.ts';
import { RowmillError } from '../../engine/errors.ts';
import { mayDo } from '../actor.ts';
import type { Call } from '../route.ts';
import { badIdentifier } from './kazoo-error.ts';
import { runIdOf } from './task-id.ts';

type AccountCall = Pick<Call<{ readonly account_id: string }>, 'params' | 'actor'>;

/** The account of the path. One that the caller has no part in is not there. */
export function accountOf({ params: { account_id: accountId }, actor }: AccountCall): string {
  if (accountId === actor.accountId || mayDo(actor, 'admin')) return accountId;
  throw badIdentifier(accountId);
}

/** The run of the call. */
export async function ownTask(
  call: Pick<
    Call<{ readonly account_id: string; readonly task_id: string }>,
    'params' | 'actor' | 'ports'
  >,
): Promise<HostedRun> {
  const { task_id: taskId } = call.params;
  const accountId = accountOf(call);
  const runId = runIdOf(taskId);
  if (runId === undefined) throw badIdentifier(taskId);
  const run = await call.ports.store.get(runId).catch((error: unknown) => {
    const isGone = error instanceof RowmillError && error.code === 'run_not_found';
    throw isGone ? badIdentifier(taskId) : error;
  });
  if (run.accountId !== accountId) throw badIdentifier(taskId);
  return run;
}
