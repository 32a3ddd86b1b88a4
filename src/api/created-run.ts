import { z } from 'zod';
import type { HostedRun } from '../engine/ports/hosted-run-store.ts';
import type { ApiPorts } from './api-ports.ts';
import { Run, runWire } from './wire/run-wire.ts';

/** When a run that is created is due. */
export const startAt = z.iso
  .datetime({ offset: true })
  .optional()
  .meta({ description: 'When it is to begin; as soon as there is room without it' });

export const WAIT_HEADERS = {
  Location: 'Where the run is',
  'Rowmill-Run': 'Id of the run',
  'Rowmill-Status': 'How the run has ended',
};

export const CREATED = {
  description: 'The run',
  schema: Run,
  headers: { Location: 'Where the run is' },
};

/** Makes a new run due. One that an earlier attempt of the same request made due stays as it is. */
export async function startCreated(
  { record, state, facts }: HostedRun,
  time: string | undefined,
  { host }: Pick<ApiPorts, 'host'>,
): Promise<void> {
  const isWaiting = state.status === 'pending' && facts.dueAtMs === undefined;
  if (isWaiting) await host.enqueue(record.runId, time === undefined ? time : Date.parse(time));
}

/** The answer to who made a run. */
export async function createdRun(
  runId: string,
  { store }: Pick<ApiPorts, 'store'>,
): Promise<{
  readonly status: 201;
  readonly json: ReturnType<typeof runWire>;
  readonly headers: Readonly<Record<string, string>>;
}> {
  const json = runWire(await store.get(runId));
  return { status: 201, json, headers: { Location: `/v1/runs/${runId}` } };
}
