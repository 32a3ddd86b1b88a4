import { createHash } from 'node:crypto';
import type { oas31 } from 'zod-openapi';
import { schemaHtml, typeHtml, type Components } from './docs-schema.ts';
import { DOCS_STYLE } from './docs-style.ts';
import { html, inline, prose, type Html } from './html.ts';

/** Its hash is of every byte between the tags. */
const STYLE: Html = { html: `<style>${DOCS_STYLE}</style>` };
const STYLE_HASH = createHash('sha256').update(DOCS_STYLE).digest('base64');

/** Nothing is loaded and nothing runs: one style, known by its hash. */
export const DOCS_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head'] as const;

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly spec: oas31.OperationObject;
}

/** The description of the API as one page: no script, no asset. */
export function docsPage(document: oas31.OpenAPIObject): string {
  const components: Components = document.components?.schemas ?? {};
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method): Operation[] => {
      const spec = item[method];
      return spec === undefined ? [] : [{ method, path, spec }];
    }),
  );
  const groups = (document.tags ?? []).map(({ name, description }) => ({
    name,
    description,
    operations: operations.filter(({ spec }) => spec.tags?.includes(name) ?? false),
  }));
  const { title, version, description } = document.info;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} API</title>
        ${STYLE}
      </head>
      <body>
        <nav>
          <h1>${title}</h1>
          <p>HTTP API, ${version}</p>
          <a href="openapi.json">openapi.json</a>
          ${groups.map(
            (group) =>
              html`<h2>${group.name}</h2>
                <ul>
                  ${group.operations.map(
                    ({ method, spec }) =>
                      html`<li>
                        <a href="#${spec.operationId}"
                          ><span class="method ${method}">${method}</span>
                          <span>${spec.summary}</span></a
                        >
                      </li>`,
                  )}
                </ul>`,
          )}
        </nav>
        <main>
          ${prose(description)}
          ${groups.map(
            (group) =>
              html`<h2 id="${group.name}">${group.name}</h2>
                <p class="lead">${group.description}</p>
                ${group.operations.map((operation) => operationHtml(operation, components))}`,
          )}
          ${problemsHtml(document)}
        </main>
      </body>
    </html> `;
  return page.html;
}

function operationHtml({ method, path, spec }: Operation, components: Components): Html {
  const scope = Object.values(spec.security?.[0] ?? {})[0]?.[0];
  return html`<section id="${spec.operationId}">
    <header>
      <h3><span class="method ${method}">${method}</span> <code>${path}</code></h3>
      <p>
        ${spec.summary}
        <span class="scope"
          >${scope === undefined ? 'no key needed' : html`scope <code>${scope}</code>`}</span
        >
      </p>
    </header>
    <div>
      ${prose(spec.description)} ${parametersHtml(spec)} ${bodyHtml(spec, components)}
      <h4>Answers</h4>
      ${responsesHtml(spec, components)}
    </div>
  </section>`;
}

function parametersHtml({ parameters = [] }: oas31.OperationObject): Html {
  // References are made for shared parameters only, of which there are none.
  const all = parameters as readonly oas31.ParameterObject[];
  if (all.length === 0) return html``;
  const rows = all.map(
    ({ name, in: place, description, required, schema }) =>
      html`<tr>
        <td>
          <code>${name}</code>
          <span class="type">${place}</span>
          ${required === true && place !== 'path' ? html`<span class="must">needed</span>` : undefined}
        </td>
        <td>${typeHtml(schema ?? {})} ${inline(description ?? '')}</td>
      </tr>`,
  );
  return html`<h4>Parameters</h4>
    <table>
      ${rows}
    </table>`;
}

function bodyHtml({ requestBody }: oas31.OperationObject, components: Components): Html {
  if (requestBody === undefined || !('content' in requestBody)) return html``;
  const bodies = Object.entries(requestBody.content).map(
    ([type, { schema, example }]) =>
      html`<p><code>${type}</code></p>
        ${schema === undefined ? undefined : schemaHtml(schema, components)}${exampleHtml(example)}`,
  );
  return html`<h4>Body</h4>
    ${bodies}`;
}

function responsesHtml({ responses = {} }: oas31.OperationObject, components: Components): Html {
  const rows: Html[] = [];
  const problems: Html[] = [];
  for (const [status, response] of Object.entries(responses)) {
    const word = html`<span class="status s${status.slice(0, 1)}">${status}</span> `;
    if ('$ref' in response) problems.push(word);
    else {
      rows.push(
        html`<tr>
          <td>${word}</td>
          <td>${responseHtml(response, components)}</td>
        </tr>`,
      );
    }
  }
  return html`<table>
    ${rows}
    <tr>
      <td>${problems}</td>
      <td><a href="#problems">problems</a></td>
    </tr>
  </table>`;
}

function responseHtml(response: oas31.ResponseObject, components: Components): Html {
  const { description, headers = {}, content = {} } = response;
  const bodies = Object.entries(content).map(
    ([type, { schema, example }]) =>
      html`<details>
        <summary class="type">${type}</summary>
        ${schema === undefined ? undefined : schemaHtml(schema, components)}${exampleHtml(example)}
      </details>`,
  );
  const names = Object.entries(headers).map(
    ([name, header]) =>
      html`<p>
        <code>${name}</code>
        ${inline(('description' in header ? header.description : '') ?? '')}
      </p>`,
  );
  return html`${prose(description)}${names}${bodies}`;
}

function problemsHtml({ components }: oas31.OpenAPIObject): Html {
  const all = Object.entries(components?.responses ?? {}).map(([name, response]) => {
    const description = 'description' in response ? response.description : undefined;
    return html`<tr>
      <td><span class="status s4">${name.replace('Problem', '')}</span></td>
      <td>${prose(description)}</td>
    </tr>`;
  });
  const shape = components?.schemas?.['Problem400'] ?? {};
  return html`<h2 id="problems">Problems</h2>
    <p class="lead">Whatever goes wrong is <code>application/problem+json</code> (RFC 9457).</p>
    ${schemaHtml(shape, components?.schemas ?? {})}
    <h4>By status</h4>
    <table>
      ${all}
    </table>`;
}

function exampleHtml(example: unknown): Html | undefined {
  if (example === undefined) return undefined;
  const text = typeof example === 'string' ? example : JSON.stringify(example, undefined, 2);
  return html`<pre>${text}</pre>`;
}
