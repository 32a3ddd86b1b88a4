import { z, type ZodType } from 'zod';
import {
  createDocument,
  type oas31,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
} from 'zod-openapi';
import type { AnyRoute, ResponseSpec } from '../route.ts';
import { PROBLEM_STATUSES, problemResponse, problemStatusesOf } from './problem-responses.ts';

/** What each group of routes is about, in the order of the page. A group that is not here comes after. */
const TAGS: Readonly<Record<string, string>> = {
  Tasks:
    'What can be done with a file: the columns a task wants, its arguments, a template to fill in.',
  Drafts: 'A file that was sent and does not run yet: how it was read, what a check says of it.',
  Runs: 'One execution of a task over one file: begin it, watch it, pause it, stop it, retry what failed.',
  Files: 'The CSVs of a run, whole or in ranges.',
  Schedules: 'When tasks and jobs are started, and what became of each due time.',
  Services:
    'What is done elsewhere: called by HTTP, once a day or again and again, and what it has answered.',
  Handlers: 'What plugins of the server run, for job entities that name their type.',
  Jobs: 'What is stored to be run again and again: its versions, its starts, what became of each.',
  Webhooks: 'Signed calls to a server of yours when a run begins, pauses or ends.',
  Keys: 'Who may call, and what they may do.',
  Secrets: 'Values that runs use by name and nobody reads: tokens, passwords.',
  Audit: 'Who changed what, and when.',
  Server: 'Health, metrics, and this description.',
};

const DESCRIPTION = `Send a CSV of any size through a task and get the same file back with new columns and an \`error\` column.

- Times are RFC 3339 in UTC, ids are opaque words, absent values are \`null\`.
- Lists come in pages: \`limit\` and \`after\`; \`next\` (and \`Link: rel="next"\`) leads to the next page.
- Whatever goes wrong is \`application/problem+json\` with a stable \`code\`.
- Every answer carries \`X-Request-Id\`: yours where you send one.
- A POST with an \`Idempotency-Key\` can be sent again after a lost connection: it is carried out once.
- The key is sent as \`Authorization: Bearer rm_…\` or \`X-Auth-Token: rm_…\`. On localhost without any key there is nothing to send.`;

/** The OpenAPI 3.1 document of these routes. */
export function openApiDocument(
  routes: readonly AnyRoute[],
  { version }: { readonly version: string },
): oas31.OpenAPIObject {
  const statuses = [...PROBLEM_STATUSES.keys()];
  const problems = new Map(statuses.map((status) => [status, problemResponse(status)]));
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) {
    const responses: Record<`${number}`, ZodOpenApiResponseObject> = {};
    for (const status of problemStatusesOf(route)) {
      const response = problems.get(status);
      if (response !== undefined) responses[`${status}`] = response;
    }
    for (const [status, spec] of Object.entries(route.responses)) {
      responses[status as `${number}`] = responseOf(spec); // keys of numbers
    }
    const method = route.method.toLowerCase() as 'get'; // one of the methods of a route
    paths[route.path] = { ...paths[route.path], [method]: operationOf(route, responses) };
  }
  const used = [...new Set(routes.map(({ tag }) => tag))];
  const known = Object.keys(TAGS).filter((tag) => used.includes(tag));
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Rowmill',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT' },
    },
    servers: [{ url: '/', description: 'The server this was read from' }],
    tags: [...known, ...used.filter((tag) => !known.includes(tag))].map((name) => {
      const description = TAGS[name];
      return description === undefined ? { name } : { name, description };
    }),
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key: `rm_<id>_<secret>`' },
        token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token', description: 'The same key' },
      },
    },
  });
}

function operationOf(
  route: AnyRoute,
  responses: ZodOpenApiOperationObject['responses'],
): ZodOpenApiOperationObject {
  const { params, query, scope, summary, description } = route;
  const body = requestBodyOf(route);
  const creates = route.method === 'POST' && route.scope !== 'public';
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: scope === 'public' ? [] : [{ bearer: [scope] }, { token: [scope] }],
    requestParams: {
      ...(params === undefined ? {} : { path: params }),
      ...(query === undefined ? {} : { query }),
      ...(creates ? { header: IdempotencyHeader } : {}),
    },
    ...(body === undefined ? {} : { requestBody: body }),
    responses,
  };
}

const IdempotencyHeader = z.object({
  'Idempotency-Key': z.string().min(1).max(255).optional().meta({
    description:
      'A word of your own, new for each request. The same request with the same key within 24 hours is carried out once, and answered the same again with `Idempotency-Replayed: true`.',
    example: 'e3a1c9b2-contacts-may',
  }),
});

function requestBodyOf({
  body,
  reads,
  isBodyOptional,
  ...route
}: AnyRoute): ZodOpenApiOperationObject['requestBody'] {
  if (body !== undefined) {
    const required = !body.safeParse({}).success;
    return { required, content: { 'application/json': { schema: body } } };
  }
  if (reads === undefined) return undefined;
  return {
    required: isBodyOptional !== true,
    content: Object.fromEntries(
      reads.map((type) => {
        const example = route.bodyExamples?.[type];
        return [
          type,
          { ...bodyOfType(type, route), ...(example === undefined ? {} : { example }) },
        ];
      }),
    ),
  };
}

function bodyOfType(
  type: string,
  { formFields, jsonBody }: Pick<AnyRoute, 'formFields' | 'jsonBody'>,
) {
  if (type === 'multipart/form-data') {
    const file = z.unknown().meta({
      description: 'The CSV, with a file name',
      type: 'string',
      contentMediaType: 'text/csv',
    });
    return {
      schema: (formFields ?? z.object({})).extend({ file }),
      encoding: { file: { contentType: 'text/csv, application/octet-stream, application/gzip' } },
    };
  }
  if (type.endsWith('json')) return { schema: jsonBody ?? z.unknown() };
  const text = { type: 'string' as const, description: 'The file as it is' };
  return type.startsWith('text/csv')
    ? { schema: text, example: 'email,name\nanna@example.com,Anna\n' }
    : { schema: text };
}

function responseOf({
  description,
  schema,
  example,
  content,
  headers,
}: ResponseSpec): ZodOpenApiResponseObject {
  const types = typeof content === 'string' ? [content] : content;
  return {
    description,
    ...(headers === undefined ? {} : { headers: headersOf(headers) }),
    ...(schema === undefined && types === undefined
      ? {}
      : {
          content: {
            ...(schema === undefined ? {} : { 'application/json': jsonOf(schema, example) }),
            ...Object.fromEntries(
              (types ?? []).map((type) => [type, { schema: { type: 'string' as const } }]),
            ),
          },
        }),
  };
}

function jsonOf(schema: ZodType, example: unknown) {
  return { schema, ...(example === undefined ? {} : { example }) };
}

function headersOf(headers: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' as const } },
    ]),
  );
}
