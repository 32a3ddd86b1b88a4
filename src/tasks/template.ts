import { ArgumentFault } from './task-arguments.ts';

/** A piece of a template: text as it is, or a placeholder for a column's cell or a secret. */
export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'column' | 'secret'; readonly name: string };

const PLACEHOLDER = /\{\{\s*(secret:)?\s*([^{}]*?)\s*\}\}/g;

/** Reads `{{column}}` and `{{secret:NAME}}`. Throws ArgumentFault for a placeholder that is not closed or empty. */
export function parseTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let end = 0;
  for (const match of template.matchAll(PLACEHOLDER)) {
    const [whole, secret, name = ''] = match;
    if (name === '') throw new ArgumentFault(`has ${whole} without a name in it`);
    pushText(parts, template.slice(end, match.index));
    parts.push({ kind: secret === undefined ? 'column' : 'secret', name });
    end = match.index + whole.length;
  }
  pushText(parts, template.slice(end));
  return parts;
}

/** The names that the templates use, each once. */
export function namesUsed(
  templates: readonly (readonly TemplatePart[])[],
  kind: 'column' | 'secret',
): readonly string[] {
  const names = templates.flat().flatMap((part) => (part.kind === kind ? [part.name] : []));
  return [...new Set(names)];
}

function pushText(parts: TemplatePart[], text: string): void {
  const open = text.indexOf('{{');
  if (open !== -1) {
    throw new ArgumentFault(`has {{ that no }} closes: "${text.slice(open, open + 40)}"`);
  }
  if (text !== '') parts.push({ kind: 'text', text });
}
