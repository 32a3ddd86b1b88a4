import { z } from 'zod';
import { ownRun } from '../own-run.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import { OneRun, Run, runWire } from '../wire/run-wire.ts';

const tag = 'Runs';
const ACCEPTED = { description: 'The run, as it stands after 2 s at the latest', schema: Run };

/** What can be asked of a run, whoever carries it out. */
export const runControlRoutes: readonly AnyRoute[] = [
  route({
    method: 'POST',
    path: '/v1/runs/{run_id}/start',
    operationId: 'startRun',
    tag,
    summary: 'Start a run that waits: now, or at a time',
    description:
      'Without `at` it begins as soon as there is room. A run that was started for a later time can be given another, or none.',
    scope: 'runs:write',
    params: OneRun,
    body: z.strictObject({ at: z.iso.datetime({ offset: true }).optional() }),
    responses: { 202: ACCEPTED },
    handle: (call) => {
      const { at } = call.body;
      const atMs = at === undefined ? undefined : Date.parse(at);
      return accepted(call, (runId) => call.ports.control.start(runId, atMs));
    },
  }),
  route({
    method: 'POST',
    path: '/v1/runs/{run_id}/pause',
    operationId: 'pauseRun',
    tag,
    summary: 'Pause a run between two rows, or take it out of the queue',
    scope: 'runs:write',
    params: OneRun,
    body: z.strictObject({}),
    responses: { 202: ACCEPTED },
    handle: (call) => accepted(call, (runId) => call.ports.control.pause(runId)),
  }),
  route({
    method: 'POST',
    path: '/v1/runs/{run_id}/resume',
    operationId: 'resumeRun',
    tag,
    summary: 'Go on with a run that is paused, stopped or broken off',
    description:
      'It goes on from its last checkpoint. Where the code of its task has changed since, rows before and after would differ: that is refused (`code_changed`) unless `accept_new_code` is true.',
    scope: 'runs:write',
    params: OneRun,
    body: z.strictObject({ accept_new_code: z.boolean().default(false) }),
    responses: { 202: ACCEPTED },
    handle: (call) => {
      const acceptsNewCode = call.body.accept_new_code;
      return accepted(call, (runId) => call.ports.control.resume(runId, { acceptsNewCode }));
    },
  }),
  route({
    method: 'POST',
    path: '/v1/runs/{run_id}/stop',
    operationId: 'stopRun',
    tag,
    summary: 'Stop a run; its output so far is complete',
    scope: 'runs:write',
    params: OneRun,
    body: z.strictObject({}),
    responses: { 202: ACCEPTED },
    handle: (call) => accepted(call, (runId) => call.ports.control.stop(runId)),
  }),
  route({
    method: 'POST',
    path: '/v1/runs/{run_id}/acknowledge',
    operationId: 'acknowledgeRun',
    tag,
    summary: 'Say that the end of a run was seen',
    scope: 'runs:write',
    params: OneRun,
    body: z.strictObject({}),
    responses: { 200: { description: 'The run', schema: Run } },
    handle: async (call) => ({
      ...(await accepted(call, (runId) => call.ports.control.acknowledge(runId))),
      status: 200,
    }),
  }),
];

/** Does something with the caller's run and answers with the run as it stands then. */
async function accepted(
  call: Pick<Call<{ readonly run_id: string }>, 'params' | 'actor' | 'ports'>,
  work: (runId: string) => Promise<void>,
): Promise<{ readonly status: 202; readonly json: unknown }> {
  const { runId } = (await ownRun(call)).record;
  await work(runId);
  return { status: 202, json: runWire(await call.ports.store.get(runId)) };
}
