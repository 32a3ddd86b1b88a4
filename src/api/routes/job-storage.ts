import type { Context } from 'koa';
import { z } from 'zod';
import { STORAGE_LIMITS } from '../../engine/jobs/storage-limits.ts';
import type { StoredValue } from '../../engine/ports/job-storage.ts';
import type { JsonValue } from '../../engine/task/json-value.ts';
import { ownJob } from '../own-job.ts';
import { PAGE_HEADERS, pageOf, pageReply } from '../page-of.ts';
import { ApiProblem } from '../problem.ts';
import { route, type AnyRoute } from '../route.ts';
import { OneJob } from '../wire/job-wire.ts';
import {
  NewStorageValue,
  StorageFacts,
  storageFactsWire,
  StorageKey,
  StorageValue,
  storageValueWire,
} from '../wire/storage-wire.ts';

const tag = 'Jobs';
const OneValue = OneJob.extend({ key: StorageKey });
const HEADERS = { ETag: 'The revision, for `If-Match`' };
const CONDITION =
  '`If-Match: "7"` (or `expected_revision`) refuses where the key has another revision by now, `If-None-Match: *` where it is there at all';

export const jobStorageRoutes: readonly AnyRoute[] = [
  route({
    method: 'GET',
    path: '/v1/jobs/{job_id}/storage',
    operationId: 'listJobStorage',
    tag,
    summary: 'What a job keeps between its runs, by key; without the values',
    scope: 'jobs:read',
    params: OneJob,
    query: z.object({
      prefix: z.string().max(STORAGE_LIMITS.keyCharacters).default('').meta({
        description: 'Keys that begin with this, to the letter',
      }),
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
      after: z.string().max(STORAGE_LIMITS.keyCharacters).optional().meta({
        description: '`next` of the page before',
      }),
    }),
    responses: {
      200: { description: 'A page', schema: pageOf(StorageFacts), headers: PAGE_HEADERS },
    },
    handle: async (call) => {
      const { id } = await ownJob(call);
      const { prefix, limit, after } = call.query;
      const { storages } = call.ports.jobs;
      const found = await storages.page(id, { prefix, limit: limit + 1, after });
      const data = found.slice(0, limit).map(storageFactsWire);
      const next = found.length > limit ? (data.at(-1)?.key ?? null) : null;
      return pageReply(call.context, { data, next });
    },
  }),
  route({
    method: 'GET',
    path: '/v1/jobs/{job_id}/storage/{key}',
    operationId: 'getJobStorage',
    tag,
    summary: 'One value that a job keeps',
    scope: 'jobs:read',
    params: OneValue,
    responses: { 200: { description: 'The value', schema: StorageValue, headers: HEADERS } },
    handle: async (call) => {
      const { id } = await ownJob(call);
      const found = await call.ports.jobs.storages.find(id, call.params.key);
      if (found === undefined) throw notKept(call.params.key);
      return { status: 200, ...answer(found) };
    },
  }),
  route({
    method: 'PUT',
    path: '/v1/jobs/{job_id}/storage/{key}',
    operationId: 'setJobStorage',
    tag,
    summary: 'Keep a value for a job, in the place of the one before',
    description: `${CONDITION}. Scripts of the job see it as their \`storage\`.`,
    scope: 'jobs:admin',
    params: OneValue,
    body: NewStorageValue,
    responses: { 200: { description: 'It is kept', schema: StorageValue, headers: HEADERS } },
    problems: ['precondition_failed'],
    handle: async (call) => {
      const { id } = await ownJob(call);
      const { value, ttl, expected_revision: expected } = call.body;
      const kept = await call.ports.jobs.storages.put(id, call.params.key, {
        value: value as JsonValue, // it came as JSON
        ttlSeconds: ttl ?? undefined,
        expectedRevision: expectedRevision(call.context, expected),
      });
      if (kept === 'outdated') throw outdated(call.params.key);
      return { status: 200, ...answer(kept) };
    },
  }),
  route({
    method: 'DELETE',
    path: '/v1/jobs/{job_id}/storage/{key}',
    operationId: 'deleteJobStorage',
    tag,
    summary: 'Let a job keep a value no longer',
    description: '`If-Match: "7"` refuses where the key has another revision by now.',
    scope: 'jobs:admin',
    params: OneValue,
    responses: { 204: { description: 'It is gone' } },
    problems: ['precondition_failed'],
    handle: async (call) => {
      const { id } = await ownJob(call);
      const { key } = call.params;
      const expected = expectedRevision(call.context, undefined);
      const verdict = await call.ports.jobs.storages.remove(id, key, expected);
      if (verdict === 'missing') throw notKept(key);
      if (verdict === 'outdated') throw outdated(key);
      return { status: 204 };
    },
  }),
];

function answer(stored: StoredValue) {
  return { json: storageValueWire(stored), headers: { ETag: `"${stored.revision}"` } };
}

/** Which revision a change is made from, as the headers or the body say. */
function expectedRevision(context: Context, said: number | undefined): number | undefined {
  const match = context.get('if-match');
  const noneMatch = context.get('if-none-match');
  if (noneMatch !== '') {
    if (noneMatch === '*' && match === '' && said === undefined) return 0;
    throw new ApiProblem('bad_request', 'header.if-none-match: only * can be said, by itself');
  }
  if (match === '') return said;
  const revision = /^"(\d{1,15})"$/.exec(match)?.[1];
  if (revision === undefined || said !== undefined) {
    const rule = 'expected one revision in quotes, such as "7", and no body.expected_revision';
    throw new ApiProblem('bad_request', `header.if-match: ${match}: ${rule}`);
  }
  return Number(revision);
}

function notKept(key: string): ApiProblem {
  return new ApiProblem('not_found', `the job keeps nothing under ${key}`);
}

function outdated(key: string): ApiProblem {
  const message = `${key} has another revision by now: read it again`;
  return new ApiProblem('precondition_failed', message);
}
