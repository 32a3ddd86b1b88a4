import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';

/** Texts by the names they have in a diff, and what all of them are of. */
export interface NamedTexts {
  /** `version 3`. */
  readonly label: string;
  readonly texts: ReadonlyMap<string, string>;
}

/**
 * The time to find the shortest diff grows with the square of its lines (5,000 took 20 s): of texts that have
 * less in common both are told whole.
 */
const MOST_EDITS = 500;

/** What differs, as a unified diff of each text; empty where nothing does. */
export function diffTexts(before: NamedTexts, after: NamedTexts): string {
  return [...new Set([...before.texts.keys(), ...after.texts.keys()])]
    .filter((name) => before.texts.get(name) !== after.texts.get(name))
    .map((name) => diffText(name, before, after))
    .join('');
}

function diffText(name: string, before: NamedTexts, after: NamedTexts): string {
  const [from, to] = [before, after].map(({ texts }) => (texts.has(name) ? name : '/dev/null'));
  const [older, newer] = [before, after].map(({ texts }) => texts.get(name) ?? '');
  const patch = (maxEditLength: number, left = '', right = ''): string | undefined =>
    createTwoFilesPatch(from ?? '', to ?? '', left, right, before.label, after.label, {
      headerOptions: FILE_HEADERS_ONLY,
      context: 3,
      maxEditLength,
    });
  const shortest = patch(MOST_EDITS, older, newer);
  if (shortest !== undefined) return shortest;
  return `--- ${from}\t${before.label}\n+++ ${to}\t${after.label}\n${replaced(older ?? '', newer ?? '')}`;
}

/** All lines of one text taken away, all of the other put there. */
function replaced(older: string, newer: string): string {
  const [left, right] = [older, newer].map((text) => text.replace(/\n$/, '').split('\n'));
  const lines = [
    `@@ -1,${left?.length} +1,${right?.length} @@`,
    ...(left ?? []).map((line) => `-${line}`),
    ...(right ?? []).map((line) => `+${line}`),
  ];
  return `${lines.join('\n')}\n`;
}
