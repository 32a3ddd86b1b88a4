import type { HostedRun } from '../engine/ports/hosted-run-store.ts';
import type { AskedOfRun } from '../engine/run/status.ts';
import type { ApiPorts } from './api-ports.ts';
import { ApiProblem } from './problem.ts';

/** How long an answer waits for what was asked to happen; what was asked stands after that. */
const WAIT_MS = 2_000;

type ControlPorts = Pick<ApiPorts, 'service' | 'store' | 'host' | 'clock'>;

/** Makes a run due that waits to be started. */
export async function startRun(
  { record, state, facts }: HostedRun,
  { host }: ControlPorts,
): Promise<void> {
  if (state.status !== 'pending' || facts.dueAtMs !== undefined) {
    throw new ApiProblem('wrong_status', `run ${record.runId} was started already`);
  }
  await host.enqueue(record.runId);
}

/** Pauses, resumes or stops a run, whoever carries it out, or nobody. */
export async function controlRun(
  run: HostedRun,
  asked: AskedOfRun,
  { service, store, host }: ControlPorts,
): Promise<void> {
  const { runId } = run.record;
  await service.control(runId, asked, AbortSignal.timeout(WAIT_MS));
  const { isHeld } = await store.get(runId);
  // Nobody carries it out: to resume it is to make it due, to pause or stop it is to make it not so.
  if (isHeld) return;
  if (asked === 'resume') await host.enqueue(runId);
  else await store.setFacts(runId, { dueAtMs: undefined });
}
