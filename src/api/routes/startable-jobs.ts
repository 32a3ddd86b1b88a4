import type { Job, JobPageRequest, JobStore } from '../../engine/ports/job-store.ts';
import { mayBegin } from '../own-job.ts';
import { PageQuery, pageReply, pageResponse } from '../page.ts';
import { route, type AnyRoute, type Call } from '../route.ts';
import { JobName } from '../wire/job-definition-wire.ts';
import { StartableJobBody, startableJobWire } from '../wire/job-wire.ts';

/** Jobs looked at, at a time, for those that a role may start. */
const LOOK_AT = 200;

export const startableJobRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/startable-jobs',
    operationId: 'listStartableJobs',
    tag: 'Jobs',
    summary: 'The jobs that the key may start, newest first',
    description:
      'For a key of a role those that allow the role; for others every job that is not archived. Only what is needed to start one: its name, what it is for, and what its arguments must fit.',
    scope: 'jobs:trigger',
    isForRoles: true,
    query: PageQuery.extend({ name: JobName.optional() }),
    responses: { 200: pageResponse('A page', StartableJobBody) },
    handle: ({ query, actor, ports, context }) =>
      pageReply(query, {
        context,
        wire: startableJobWire,
        list: ({ limit, after }) =>
          startable(ports.jobs.store, actor, { limit, after, name: query.name }),
      }),
  }),
];

/** So many of them, behind `after`. */
async function startable(
  store: Pick<JobStore, 'page'>,
  actor: Call['actor'],
  { limit, after, name }: Pick<JobPageRequest, 'limit' | 'after' | 'name'>,
): Promise<readonly Job[]> {
  const found: Job[] = [];
  for (let behind = after; ;) {
    const page = await store.page({
      accountId: actor.accountId,
      isArchived: false,
      limit: LOOK_AT,
      after: behind,
      name,
    });
    found.push(...page.filter((job) => mayBegin(job, actor)));
    if (page.length < LOOK_AT || found.length >= limit) return found.slice(0, limit);
    behind = page.at(-1);
  }
}
