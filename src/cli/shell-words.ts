const PLAIN = /^[\w@%+=:,./-]+$/;

/** Words as they can be pasted into a shell. */
export function shellWords(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}

function shellWord(word: string): string {
  if (PLAIN.test(word)) return word;
  // Control characters in the form that shells decode: raw they would act on the terminal.
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  if (/[\u0000-\u001F\u007F-\u009F]/.test(word)) return `$'${ansiQuoted(word)}'`;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function ansiQuoted(word: string): string {
  return (
    word
      .replaceAll(/[\\']/g, '\\$&')
      // oxlint-disable-next-line no-control-regex -- as above
      .replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, (character) => {
        const code = character.charCodeAt(0).toString(16).padStart(4, '0');
        return `\\u${code}`;
      })
  );
}
