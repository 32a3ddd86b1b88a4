import { ArgumentsRefused, InputRefused } from '../../index.ts';
import { findColumn, unknownColumns } from '../column-names.ts';
import {
  buildBody,
  buildHeader,
  buildUrl,
  type BodyKind,
  type BuiltRequest,
  type Lookup,
} from './build-request.ts';
import { namesUsed, parseTemplate, type TemplatePart } from '../template.ts';

/** The templates of a request, as the arguments give them. */
export interface RequestTemplates {
  readonly url: string;
  readonly method: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string | undefined;
  /** Name of the header that carries the row's key; empty for none. */
  readonly idempotency_header: string;
}

/** Templates whose placeholders are columns of the file and secrets that exist. */
export interface RequestPlan {
  /** Secrets that are in use, for taking them out of messages. */
  readonly secrets: readonly string[];
  /** Throws UnfitCell. */
  build(row: Readonly<Record<string, string | undefined>>, rowKey: string): BuiltRequest;
}

/**
 * Reads templates against the columns of a file. Throws an Error that names every column that the file
 * does not have. `secretOf` throws for a secret that does not exist.
 */
export function planRequest(
  templates: RequestTemplates,
  header: readonly string[],
  secretOf: (name: string) => string,
): RequestPlan {
  const url = parseTemplate(templates.url);
  const headers = templates.headers.map(
    ([name, value]) => [name.toLowerCase(), parseTemplate(value)] as const,
  );
  const idempotencyHeader = templates.idempotency_header.toLowerCase();
  const { body, kind } = planBody(templates);
  const all = [url, ...headers.map(([, parts]) => parts), body ?? []];
  const names = namesUsed(all, 'column');
  const problem = unknownColumns(names, header);
  if (problem !== undefined) throw new InputRefused(`a placeholder names no column: ${problem}`);
  const columns = new Map(names.map((name) => [name, findColumn(name, header) ?? name]));
  const secrets = new Map(namesUsed(all, 'secret').map((name) => [name, secretOf(name)]));
  return {
    secrets: [...secrets.values()],
    build(row, rowKey) {
      const lookup: Lookup = ({ kind, name }) =>
        (kind === 'secret' ? secrets.get(name) : row[columns.get(name) ?? name]) ?? '';
      const built: Record<string, string> = {};
      if (body !== undefined) built['content-type'] = CONTENT_TYPES[kind];
      if (idempotencyHeader !== '') built[idempotencyHeader] = rowKey;
      for (const [name, parts] of headers) built[name] = buildHeader(parts, lookup);
      return {
        url: buildUrl(url, lookup),
        headers: built,
        body: body === undefined ? undefined : buildBody(body, kind, lookup),
      };
    },
  };
}

const CONTENT_TYPES: Readonly<Record<BodyKind, string>> = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  text: 'text/plain;charset=utf-8',
};

function planBody({ method, headers, body }: RequestTemplates): {
  readonly body: readonly TemplatePart[] | undefined;
  readonly kind: BodyKind;
} {
  if (body === undefined) return { body, kind: 'text' };
  if (method === 'GET' || method === 'HEAD') {
    throw new ArgumentsRefused(`body: ${method} takes no body; --arg method=POST`);
  }
  const parts = parseTemplate(body);
  const kind = bodyKind(headers, body);
  if (kind === 'json') {
    const sample = buildBody(parts, kind, () => '1');
    try {
      JSON.parse(sample);
    } catch (error) {
      throw new ArgumentsRefused(`body: is not JSON: ${(error as Error).message}`);
    }
  }
  return { body: parts, kind };
}

function bodyKind(headers: readonly (readonly [string, string])[], body: string): BodyKind {
  const type = headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  if (type === undefined) return /^\s*[[{](?!\{)/.test(body) ? 'json' : 'text';
  if (/json/i.test(type)) return 'json';
  return /x-www-form-urlencoded/i.test(type) ? 'form' : 'text';
}
