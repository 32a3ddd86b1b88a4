import { visible } from './visible-text.ts';

/** All that is known of a thing, for a person: a line for each field that says something. */
export function factLines(json: Readonly<Record<string, unknown>>): readonly string[] {
  const facts = Object.entries(json).filter(([, value]) => value !== null && value !== '');
  const width = Math.max(...facts.map(([field]) => field.length));
  return facts.map(([field, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    return `${field.replaceAll('_', ' ').padEnd(width)}  ${visible(text)}`;
  });
}
