import { z } from 'zod';
import { STATUS_OF, TITLES, type ProblemCode } from '../problem.ts';
import { MEANINGS } from '../problem-meanings.ts';
import type { AnyRoute } from '../route.ts';

const CODES = (Object.keys(STATUS_OF) as ProblemCode[]).sort(); // keys of that very table

/** The body of whatever goes wrong, RFC 9457. */
const Problem = z
  .object({
    type: z.string().meta({ description: 'A name of the kind of problem: no address to visit' }),
    title: z.string(),
    status: z.int(),
    code: z.enum(CODES).meta({ description: 'Stable: what a program decides by' }),
    detail: z.string().meta({ description: 'What is wrong here, for a person' }),
    request_id: z.string().meta({ description: 'Also in `X-Request-Id`, and in the server’s log' }),
    errors: z
      .array(z.object({ at: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'Every single thing that is wrong, and where' }),
  })
  .meta({
    id: 'Problem',
    example: {
      type: 'urn:rowmill:problem:run_not_found',
      title: 'Not found',
      status: 404,
      code: 'run_not_found',
      detail: 'there is no run run_7kq2m4xw9abc',
      request_id: 'req_4cBv0Zx2',
    },
  });

/** Statuses of problems → the codes they have there. */
export const PROBLEM_STATUSES: ReadonlyMap<number, readonly ProblemCode[]> = new Map(
  [...new Set(Object.values(STATUS_OF))]
    .sort((a, b) => a - b)
    .map((status) => [status, CODES.filter((code) => STATUS_OF[code] === status)]),
);

const ANY_ROUTE = [400, 429, 500, 503];
const WITH_KEY = [401, 403];
const WITH_PARAMS = [404];
/** A change can come at the wrong time, need too much, or not be possible. */
const CHANGES = [409, 422, 507];
const WITH_BODY = [413, 415];

/** The statuses of problems that a route can answer with. */
export function problemStatusesOf(route: AnyRoute): readonly number[] {
  if (route.problemShape === 'own') return [];
  const statuses = new Set([
    ...ANY_ROUTE,
    ...(route.scope === 'public' ? [] : WITH_KEY),
    ...(route.params === undefined ? [] : WITH_PARAMS),
    ...(route.method === 'GET' || route.method === 'HEAD' ? [] : CHANGES),
    ...(route.body === undefined && route.reads === undefined ? [] : WITH_BODY),
    ...(route.problems ?? []).map((code) => STATUS_OF[code]),
  ]);
  return [...statuses].sort((a, b) => a - b);
}

/** The answer of one status, with the codes it can have. */
export function problemResponse(status: number) {
  const codes = PROBLEM_STATUSES.get(status) ?? [];
  const list = codes.map((code) => `- \`${code}\`: ${MEANINGS[code]}`).join('\n');
  const shape = Problem.extend({ status: z.literal(status), code: z.enum(codes) }).meta({
    id: `Problem${status}`,
  });
  return {
    id: `Problem${status}`,
    description: `${TITLES[status] ?? 'Error'}\n\n${list}`,
    content: { 'application/problem+json': { schema: shape } },
  };
}
