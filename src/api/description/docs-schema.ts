import type { oas31 } from 'zod-openapi';
import { html, inline, type Html } from './html.ts';

type Schema = oas31.SchemaObject | oas31.ReferenceObject;
export type Components = Readonly<Record<string, Schema>>;

/** A shape within a shape is opened so far; what refers to itself would have no end. */
const MAX_DEPTH = 6;

/** A schema as a table of its fields, or in a word. */
export function schemaHtml(schema: Schema, components: Components, depth = 0): Html {
  const shape = resolved(schema, components);
  const inner = fieldsOf(shape, components);
  if (inner === undefined || depth > MAX_DEPTH) return html`${typeHtml(schema)}`;
  const { properties = {}, required = [] } = inner;
  const rows = Object.entries(properties).map(([name, field]) => {
    const described = resolved(field, components).description;
    const more = fieldsOf(resolved(field, components), components);
    return html`<tr>
      <td>
        <code>${name}</code>
        ${required.includes(name) ? undefined : html`<span class="type">optional</span>`}
      </td>
      <td>
        ${typeHtml(field)} ${described === undefined ? undefined : inline(described)}
        ${
          more === undefined
            ? undefined
            : html`<details>
                <summary class="type">fields</summary>
                ${schemaHtml(field, components, depth + 1)}
              </details>`
        }
      </td>
    </tr>`;
  });
  return html`<table>
    ${rows}
  </table>`;
}

/** What a value is, in a few words. */
export function typeHtml(schema: Schema): Html {
  return html`<span class="type">${typeOf(schema)}</span>`;
}

function typeOf(schema: Schema): string {
  if ('$ref' in schema && schema.$ref !== undefined) return nameOf(schema.$ref);
  const shape = schema as oas31.SchemaObject; // all that is no reference
  const choices = shape.anyOf ?? shape.oneOf;
  if (choices !== undefined) {
    return choices.map((choice: Schema) => typeOf(choice)).join(' | ');
  }
  if (shape.const !== undefined) return JSON.stringify(shape.const);
  if (shape.enum !== undefined) {
    return shape.enum.map((value: unknown) => JSON.stringify(value)).join(' | ');
  }
  const { type, items, format, minimum, maximum } = shape;
  if (type === 'array' && items !== undefined) return `list of ${typeOf(items)}`;
  const isBounded = typeof minimum === 'number' && typeof maximum === 'number';
  const bounds = isBounded && maximum < Number.MAX_SAFE_INTEGER ? ` ${minimum}–${maximum}` : '';
  const name = Array.isArray(type) ? type.join(' | ') : (type ?? 'any');
  return `${name}${format === undefined ? '' : ` (${format})`}${bounds}`;
}

/** The object that a schema has fields of: itself, what a list is of, what may also be null. */
function fieldsOf(
  shape: oas31.SchemaObject,
  components: Components,
): oas31.SchemaObject | undefined {
  if (shape.properties !== undefined) return shape;
  if (shape.items !== undefined) return fieldsOf(resolved(shape.items, components), components);
  const choices = (shape.anyOf ?? shape.oneOf ?? [])
    .map((choice: Schema) => fieldsOf(resolved(choice, components), components))
    .filter((choice) => choice !== undefined);
  return choices.length === 1 ? choices[0] : undefined;
}

function resolved(schema: Schema, components: Components): oas31.SchemaObject {
  if (!('$ref' in schema) || schema.$ref === undefined) return schema as oas31.SchemaObject;
  const found = components[nameOf(schema.$ref)];
  return found === undefined ? {} : resolved(found, components);
}

function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}
