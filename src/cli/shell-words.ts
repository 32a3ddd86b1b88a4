import { INVISIBLE } from './visible-text.ts';

const PLAIN = /^[\w@%+=:,./-]+$/;

/** Words as they can be pasted into a shell. */
export function shellWords(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}

function shellWord(word: string): string {
  if (PLAIN.test(word)) return word;
  // What a terminal would act upon, or hide, in the form that shells decode.
  if (word.search(INVISIBLE) !== -1) return `$'${ansiQuoted(word)}'`;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function ansiQuoted(word: string): string {
  return word.replaceAll(/[\\']/g, '\\$&').replaceAll(INVISIBLE, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${code}`;
  });
}
