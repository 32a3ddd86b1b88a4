import { z } from 'zod';
import type { EntityArguments } from '../../engine/handlers/handled-jobs.ts';
import { ENTITY_TASK } from '../../engine/handlers/entity-task.ts';
import type { EntityRun } from '../../engine/ports/entity-run-store.ts';
import type { HostedRun } from '../../engine/ports/hosted-run-store.ts';
import { mayDo } from '../actor.ts';
import { ownRun } from '../own-run.ts';
import { settled } from '../output-or-run.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import {
  EntityResultBody,
  EntityRunBody,
  entityRunWire,
  EntityUid,
  HandlerBody,
  handlerWire,
  shownFile,
  NewEntityRun,
} from '../wire/entity-wire.ts';

const tag = 'Handlers';
const OneEntity = z.object({ entity_uid: EntityUid });
const ENTITY_RESPONSE = { description: 'How it stands', schema: EntityRunBody };
/** How long it is waited for its handler to have removed it. */
const REMOVED_WITHIN_S = 30;

export const entityRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/handlers',
    operationId: 'listHandlers',
    tag,
    summary: 'The handlers of the server, and the modules of handlers that did not load',
    scope: 'jobs:read',
    responses: {
      200: {
        description: 'All of them',
        schema: z.object({
          data: z.array(HandlerBody),
          problems: z.array(z.object({ file: z.string(), message: z.string() })),
        }),
      },
    },
    handle: async ({ ports: { entities } }) => {
      const registry = await entities.handlers.registry();
      const data = registry.list().map((each) => handlerWire(each));
      const problems = entities.handlers.problems.map(({ file, message }) => ({
        file: shownFile(file),
        message,
      }));
      return { status: 200, json: { data, problems } };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/entities',
    operationId: 'startEntity',
    tag,
    summary: 'Start what a job entity says, by the handler of its runner’s type',
    description:
      'It is a run like any other, whose id is its `uid`. Its input is read before the handler starts; its result is written to `outputTarget`. Refused with 400 where no handler supports it, or an address in it is of a scheme that nobody reads.',
    scope: 'jobs:trigger',
    body: NewEntityRun,
    responses: {
      201: { ...ENTITY_RESPONSE, headers: { Location: 'Where it is' } },
    },
    handle: async (call) => {
      const { body, actor, ports, context } = call;
      const { type } = body.entity.runner;
      const { runsGivenCode } = (await ports.entities.handlers.registry()).find(type);
      if (runsGivenCode && !mayDo(actor, 'jobs:admin')) {
        const message = `body.entity.runner: ${type} runs what the entity says, so it needs the scope jobs:admin`;
        throw new ApiProblem('forbidden', message);
      }
      const runId = await ports.entities.starter.start(body.entity, {
        token: body.token,
        owner: { accountId: actor.accountId, authAccountId: actor.authAccountId },
        runId: call.reservedId?.('run'),
      });
      if (body.wait !== undefined) await settled(runId, { seconds: body.wait, context, ports });
      const headers = { Location: `/v1/entities/${runId}` };
      return { status: 201, json: wireOf(await ownEntity(runId, call)), headers };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/entities/{entity_uid}',
    operationId: 'getEntity',
    tag,
    summary: 'How what a handler runs stands: its status, and what the handler says of it',
    scope: 'jobs:read',
    params: OneEntity,
    responses: { 200: ENTITY_RESPONSE },
    handle: async (call) => ({
      status: 200,
      json: wireOf(await ownEntity(call.params.entity_uid, call)),
    }),
  }),
  route({
    method: 'DELETE',
    path: '/v1/entities/{entity_uid}',
    operationId: 'removeEntity',
    tag,
    summary: 'Stop what a handler runs: the handler removes it',
    description: 'What has ended is as it is. Its run stays, and what became of it.',
    scope: 'jobs:trigger',
    params: OneEntity,
    responses: { 200: ENTITY_RESPONSE },
    handle: async (call) => {
      const { ports, context } = call;
      const entity = await ownEntity(call.params.entity_uid, call);
      const { runId } = entity.run.record;
      if (entity.known.phase !== 'ended') {
        await ports.control.stop(runId);
        await settled(runId, { seconds: REMOVED_WITHIN_S, context, ports });
        // One that had not begun has nothing to be removed.
        const { phase } = (await ownEntity(runId, call)).known;
        if (phase === 'waiting') {
          await ports.entities.store.save(runId, {
            phase: 'ended',
            status: 'removed',
            token: undefined,
          });
        }
      }
      return { status: 200, json: wireOf(await ownEntity(runId, call)) };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/entities/{entity_uid}/result',
    operationId: 'getEntityResult',
    tag,
    summary: 'The result of what a handler has run',
    scope: 'jobs:read',
    params: OneEntity,
    responses: { 200: { description: 'The result', schema: EntityResultBody } },
    problems: ['conflict'],
    handle: async (call) => {
      const { known } = await ownEntity(call.params.entity_uid, call);
      const { runId, status, resultText } = known;
      if (resultText === undefined) {
        throw new ApiProblem('conflict', `${runId} has no result: it is ${status}`);
      }
      const content = await call.ports.entities.store.content(runId);
      if (content === undefined) {
        throw new ApiProblem('conflict', `the result of ${runId} was too long to be kept here`);
      }
      const result = Buffer.from(content).toString('base64');
      return { status: 200, json: { message: resultText, result } };
    },
  }),
];

interface OwnEntity {
  readonly run: HostedRun;
  readonly known: EntityRun;
}

/** Another account's is not there, and neither is a run of something else. */
async function ownEntity(
  runId: string,
  { actor, ports }: Pick<Call, 'actor' | 'ports'>,
): Promise<OwnEntity> {
  const run = await ownRun({ params: { run_id: runId }, actor, ports });
  const known = await ports.entities.store.find(runId);
  if (run.record.task === ENTITY_TASK && known !== undefined) return { run, known };
  throw new ApiProblem('run_not_found', `there is no run ${runId} of a handler`);
}

function wireOf({ run, known }: OwnEntity) {
  // They were this when the run was made.
  const { entity } = run.record.arguments as unknown as EntityArguments;
  return entityRunWire(known, { entity, runStatus: run.state.status });
}
