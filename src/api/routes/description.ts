import { z } from 'zod';
import { route, type AnyRoute } from '../route.ts';

const tag = 'Server';

/** The routes that describe all routes, themselves too. */
export function descriptionRoutes(routes: () => readonly AnyRoute[]): readonly AnyRoute[] {
  return [
    route({
      method: 'GET',
      path: '/openapi.json',
      operationId: 'getOpenApi',
      tag,
      summary: 'The description of this API, OpenAPI 3.1',
      scope: 'public',
      responses: {
        200: {
          description: 'The document',
          schema: z.record(z.string(), z.unknown()),
        },
      },
      handle: async ({ ports }) => {
        // Imported here: a server that nobody asks for its description need not wait for it.
        const { openApiDocument } = await import('../description/open-api.ts');
        return { status: 200, json: openApiDocument(routes(), ports) };
      },
    }),
    route({
      method: 'GET',
      path: '/docs',
      operationId: 'readDocs',
      tag,
      summary: 'The same description as a page to read',
      scope: 'public',
      responses: { 200: { description: 'A page without scripts', content: 'text/html' } },
      handle: async ({ ports, context }) => {
        const [{ openApiDocument }, { docsPage, DOCS_POLICY }] = await Promise.all([
          import('../description/open-api.ts'),
          import('../description/docs-page.ts'),
        ]);
        context.status = 200;
        context.type = 'text/html';
        context.set('Content-Security-Policy', DOCS_POLICY);
        context.body = docsPage(openApiDocument(routes(), ports));
        return 'sent';
      },
    }),
  ];
}
