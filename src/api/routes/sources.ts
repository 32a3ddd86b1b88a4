import { z } from 'zod';
import { itemsOf } from '../../engine/automation/each-item.ts';
import { ItemSource } from '../../engine/automation/item-source.ts';
import type { StoredSource } from '../../engine/ports/source-store.ts';
import { mayDo } from '../actor.ts';
import { PAGE_HEADERS, pageOf, pageReply } from '../page-of.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import { orAt } from '../schedule-rules.ts';
import { OneSource, SourceBody, SourceItemBody, sourceWire } from '../wire/source-wire.ts';

const tag = 'Sources';

export const sourceRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/sources',
    operationId: 'listSources',
    tag,
    summary: 'Sources of the account by name: what a schedule can start one run for each item of',
    scope: 'runs:read',
    query: z.object({
      limit: z.coerce.number().int().min(1).max(200).default(50),
      after: z.string().max(100).optional().meta({ description: '`next` of the page before' }),
    }),
    responses: {
      200: { description: 'A page', schema: pageOf(SourceBody), headers: PAGE_HEADERS },
    },
    handle: async ({ query: { limit, after }, actor, ports, context }) => {
      const { store } = ports.schedules.sources;
      const found = await store.page(actor.accountId, { limit: limit + 1, after });
      const data = found.slice(0, limit).map(sourceWire);
      const next = found.length > limit ? (data.at(-1)?.name ?? null) : null;
      return pageReply(context, { data, next });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/sources/{source_name}',
    operationId: 'getSource',
    tag,
    summary: 'One source',
    scope: 'runs:read',
    params: OneSource,
    responses: { 200: { description: 'The source', schema: SourceBody } },
    handle: async (call) => ({ status: 200, json: sourceWire(await ownSource(call)) }),
  }),
  route({
    method: 'PUT',
    path: '/v1/sources/{source_name}',
    operationId: 'setSource',
    tag,
    summary: 'Name a source, or change what is meant by its name',
    scope: 'runs:write',
    params: OneSource,
    body: z.strictObject({ source: ItemSource }),
    responses: { 200: { description: 'The source', schema: SourceBody } },
    handle: async ({ params: { source_name: name }, body: { source }, actor, ports }) => {
      const { accountId } = actor;
      if (source.kind === 'accounts' && !mayDo(actor, 'admin')) {
        throw new ApiProblem('forbidden', 'only an admin sees the accounts of the server');
      }
      if (source.kind === 'files') {
        await orAt('body.source.folder', () =>
          ports.schedules.files.checkFolder(source.folder, accountId),
        );
      }
      const stored = { accountId, name, definition: source };
      return { status: 200, json: sourceWire(await ports.schedules.sources.store.put(stored)) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/sources/{source_name}',
    operationId: 'deleteSource',
    tag,
    summary: 'Forget a source; a schedule that names it says so with its next firing',
    scope: 'runs:write',
    params: OneSource,
    responses: { 204: { description: 'It is gone' } },
    handle: async (call) => {
      const { accountId, name } = await ownSource(call);
      await call.ports.schedules.sources.store.delete(accountId, name);
      return { status: 204 };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/sources/{source_name}/items',
    operationId: 'listSourceItems',
    tag,
    summary: 'What a source has now',
    scope: 'runs:read',
    params: OneSource,
    query: z.object({
      class: z.string().max(300).optional().meta({ description: 'Classes, with commas between' }),
    }),
    responses: {
      200: {
        description: 'All of them, by name',
        schema: z.object({ data: z.array(SourceItemBody) }),
      },
    },
    handle: async (call) => {
      const { accountId, name } = await ownSource(call);
      const classes = call.query.class?.split(',');
      const { store: sources, items } = call.ports.schedules.sources;
      const found = await itemsOf({ source: name, classes }, accountId, { sources, items });
      const data = found.map((item) => ({ name: item.name, class: item.itemClass }));
      return { status: 200, json: { data } };
    },
  }),
];

async function ownSource({
  params: { source_name: name },
  actor,
  ports,
}: Pick<Call<z.output<typeof OneSource>>, 'params' | 'actor' | 'ports'>): Promise<StoredSource> {
  const source = await ports.schedules.sources.store.find(actor.accountId, name);
  if (source !== undefined) return source;
  throw new ApiProblem('not_found', `there is no source ${name}`);
}
