import { subscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { oas31 } from 'zod-openapi';
import { isPlainName } from '../../src/api/access/guard-request.ts';
import { openApiDocument } from '../../src/api/description/open-api.ts';
import { problemResponse } from '../../src/api/description/problem-responses.ts';
import { isKazooPath } from '../../src/api/kazoo/kazoo-requests.ts';
import { ROUTES } from '../../src/api/routes.ts';

/** Headers that need no word in the description: of the transport, of every answer, of browsers. */
const COMMON_HEADERS =
  /^(connection|content-(length|type|encoding|range|security-policy)|date|keep-alive|transfer-encoding|vary|x-request-id|x-content-type-options|x-frame-options|referrer-policy|strict-transport-security|cross-origin-.*|origin-agent-cluster|permissions-policy|cache-control|access-control-.*|www-authenticate|ratelimit.*|retry-after|allow|idempotency-replayed)$/;

const document = openApiDocument(ROUTES, { version: '1.2.3' });
const ajv = addFormats.default(
  new Ajv2020({ strict: false, allErrors: true }).addSchema(document, 'api'),
);

/** One answer of a server, as it was sent. */
interface Answer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number | readonly string[] | undefined>>;
  readonly body: Buffer;
}

const watched = new Map<number, string[]>();

/**
 * From now on every answer of the server on this port is compared with the description of the API. Gives
 * what did not fit, so far: an undocumented status, header or field.
 */
export function watchAnswers(port: number): readonly string[] {
  const wrong: string[] = [];
  watched.set(port, wrong);
  return wrong;
}

subscribe('http.server.request.start', (message) => {
  // What Node says it publishes there.
  const { request, response } = message as {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
  };
  const wrong = watched.get(request.socket.localPort ?? 0);
  if (wrong === undefined) return;
  const chunks: Buffer[] = [];
  // As it was sent: dots in it are names here as they are to the server.
  const [path = '/'] = (request.url ?? '/').split('?');
  const keep = (chunk: unknown, encoding: unknown): void => {
    const isText = String(response.getHeader('content-type')).includes('json');
    if (!isText || (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))) return;
    const code = typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8';
    chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, code) : Buffer.from(chunk));
  };
  const write = response.write.bind(response);
  const end = response.end.bind(response);
  // The same arguments go on to the methods themselves.
  response.write = ((...given: Parameters<typeof write>) => {
    keep(given[0], given[1]);
    return write(...given);
  }) as typeof write;
  response.end = ((...given: Parameters<typeof end>) => {
    keep(given[0], given[1]);
    return end(...given);
  }) as typeof end;
  response.once('finish', () => {
    const { statusCode: status } = response;
    const answer = {
      method: request.method ?? 'GET',
      path,
      status,
      headers: response.getHeaders(),
      body: Buffer.concat(chunks),
    };
    wrong.push(...problemsOfAnswer(answer).map((problem) => `${said(answer)}: ${problem}`));
  });
});

/** What is not as the description says. */
export function problemsOfAnswer(answer: Answer): readonly string[] {
  const type = answer.headers['content-type']?.toString().split(';')[0];
  const item = itemOf(answer.path);
  const method = answer.method.toLowerCase();
  // A GET has a HEAD; a browser's question before a request has no description.
  const operation = item?.spec[(method === 'head' ? 'get' : method) as 'get'];
  if (method === 'options') return [];
  if (item === undefined || operation === undefined) {
    const expected = item === undefined ? [404] : [405];
    if (answer.status === 405 && !('allow' in answer.headers)) return ['405 without Allow'];
    // Who may not ask at all is told so first.
    if (![...expected, 400, 401, 403, 429, 503].includes(answer.status)) return ['is no route'];
    if (method === 'head') return [];
    if (isKazooPath(answer.path)) return bodyProblems(answer, '#/components/schemas/KazooError');
    // No route has 405 among its answers: the document has no word for it.
    const { schema } = problemResponse(answer.status).content['application/problem+json'];
    const result = schema.safeParse(JSON.parse(decoded(answer).toString('utf8')));
    return result.success ? [] : [result.error.message];
  }
  const reference = operation.responses?.[`${answer.status}` as '200'];
  if (reference === undefined) return [`status ${answer.status} is not in the description`];
  const at = `#/paths/${escaped(item.path)}/${method === 'head' ? 'get' : method}/responses/${answer.status}`;
  const [response, place] = resolved(reference, at);
  const headers = headerProblems(answer, response);
  const hasBody = method !== 'head' && answer.status !== 204 && answer.status !== 304;
  if (!hasBody) return headers;
  if (response.content === undefined) {
    return answer.body.length === 0 ? headers : [...headers, 'has a body'];
  }
  if (type === undefined || !(type in response.content)) {
    return [...headers, `content type ${type} is not in the description`];
  }
  if (!/[/+]json$/.test(type)) return headers;
  return [...headers, ...bodyProblems(answer, `${place}/content/${escaped(type)}/schema`)];
}

function headerProblems(answer: Answer, { headers = {} }: oas31.ResponseObject): string[] {
  const documented = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  return Object.keys(answer.headers)
    .filter((name) => !COMMON_HEADERS.test(name) && !documented.has(name))
    .map((name) => `the header ${name} is not in the description`);
}

function bodyProblems(answer: Answer, place: string): string[] {
  const validate: ValidateFunction | undefined = ajv.getSchema(`api${place}`);
  if (validate === undefined) return [`there is no ${place}`];
  const body: unknown = JSON.parse(decoded(answer).toString('utf8'));
  if (validate(body)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `body${instancePath} ${message} ${JSON.stringify(params)} in ${JSON.stringify(body).slice(0, 400)}`,
  );
}

function decoded({ headers, body }: Answer): Buffer {
  const encoding = headers['content-encoding'];
  if (encoding === 'gzip') return gunzipSync(body);
  if (encoding === 'deflate') return inflateSync(body);
  return encoding === 'br' ? brotliDecompressSync(body) : body;
}

function resolved(
  reference: oas31.ResponseObject | oas31.ReferenceObject,
  at: string,
): readonly [oas31.ResponseObject, string] {
  // One or the other, told apart by `$ref`.
  if (!('$ref' in reference)) return [reference, at];
  const name = reference.$ref.split('/').at(-1) ?? '';
  // `#/components/responses/…` of the same document.
  return [document.components?.responses?.[name] as oas31.ResponseObject, reference.$ref];
}

/** Paths without parameters before those with: `/v1/runs/count` is not a run. */
const ITEMS = Object.entries(document.paths ?? {})
  .map(([path, spec]) => {
    const names = path.replaceAll('.', String.raw`\.`).replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)');
    return { path, spec, pattern: new RegExp(`^${names}${isKazooPath(path) ? '/*' : ''}$`) };
  })
  .sort((a, b) => a.path.split('{').length - b.path.split('{').length);

/** Undefined also where a part of the path can be no name. */
function itemOf(path: string) {
  return ITEMS.find(({ pattern }) => {
    const found = pattern.exec(path);
    const names = Object.entries(found?.groups ?? {});
    return found !== null && names.every(([name, text]) => isPlainName([name, unescaped(text)]));
  });
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function escaped(part: string): string {
  return encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function said({ method, path, status }: Answer): string {
  return `${method} ${path} → ${status}`;
}
