import { createHash } from 'node:crypto';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { oas31 } from 'zod-openapi';
import { openApiDocument } from '../../src/api/description/open-api.ts';
import { ROUTES } from '../../src/api/routes.ts';
import { problemsOfAnswer } from './described-answers.ts';
import { startTestServer, type TestServer } from './test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer([]);
});
afterAll(() => server.close());

const document = openApiDocument(ROUTES, { version: '1.2.3' });

function operations(): readonly (readonly [string, oas31.OperationObject])[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item).map(
      // A path of ours has operations only.
      ([method, operation]) =>
        [`${method.toUpperCase()} ${path}`, operation as oas31.OperationObject] as const,
    ),
  );
}

describe('the description of the API', () => {
  it('is valid OpenAPI 3.1', async () => {
    const { body } = await server.json('/openapi.json');
    const result = await new Validator().validate(structuredClone(body));
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    expect(body).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
  });

  it('has every route, and no other', () => {
    expect(operations().map(([name]) => name)).toEqual(
      expect.arrayContaining(ROUTES.map(({ method, path }) => `${method} ${path}`)),
    );
    expect(operations()).toHaveLength(ROUTES.length);
    expect(new Set(ROUTES.map(({ operationId }) => operationId)).size).toBe(ROUTES.length);
  });

  it.each(operations())('%s says who may call it, and what can go wrong', (name, operation) => {
    const scope = ROUTES.find(({ method, path }) => `${method} ${path}` === name);
    expect(operation.security).toEqual(
      scope?.scope === 'public' ? [] : [{ bearer: [scope?.scope] }, { token: [scope?.scope] }],
    );
    if (scope?.problemShape === 'own') return;
    const statuses = Object.keys(operation.responses ?? {});
    expect(statuses).toEqual(expect.arrayContaining(['400', '429', '500', '503']));
    if (scope?.scope !== 'public') expect(statuses).toEqual(expect.arrayContaining(['401', '403']));
  });

  it('has examples that are what they are examples of', () => {
    const ajv = addFormats.default(
      new Ajv2020({ strict: false, allErrors: true }).addSchema(document, 'api'),
    );
    const wrong = Object.entries(document.components?.schemas ?? {}).flatMap(([name, schema]) => {
      const example = 'example' in schema ? schema.example : undefined;
      if (example === undefined) return [];
      const validate = ajv.getSchema(`api#/components/schemas/${name}`);
      return validate?.(example) === true ? [] : [`${name}: ${ajv.errorsText(validate?.errors)}`];
    });
    expect(wrong).toEqual([]);
  });
});

describe('an answer that the description does not have', () => {
  const health = {
    method: 'GET',
    path: '/healthz',
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{"status":"ok"}'),
  };

  it.each([
    ['a status', { status: 418 }, 'status 418 is not in the description'],
    ['a header', { headers: { ...health.headers, 'x-secret': '1' } }, 'the header x-secret'],
    ['a field', { body: Buffer.from('{"status":"ok","more":1}') }, 'additional properties'],
    ['another type of content', { headers: { 'content-type': 'text/plain' } }, 'content type'],
    ['a route', { path: '/nowhere' }, 'is no route'],
  ])('%s is found by the tests', (_, change, message) => {
    expect(problemsOfAnswer(health)).toEqual([]);
    expect(problemsOfAnswer({ ...health, ...change }).join()).toContain(message);
  });
});

describe('the page of the description', () => {
  it('has every route, loads nothing and runs nothing', async () => {
    const response = await fetch(`${server.url}/docs`);
    const page = await response.text();
    expect(response.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/=]+'/,
    );
    const style = /<style>(.*)<\/style>/s.exec(page)?.[1] ?? '';
    expect(response.headers.get('content-security-policy')).toContain(
      createHash('sha256').update(style).digest('base64'),
    );
    for (const { operationId } of ROUTES) expect(page).toContain(`<section id="${operationId}">`);
    expect(page).not.toMatch(/<script|https?:|url\(|@import|\son\w+=/);
    expect(page).not.toMatch(/\[object Object\]|undefined/);
  });
});
