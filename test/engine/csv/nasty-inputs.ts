/** The characters that matter are most of what is generated. */
const NASTY: readonly string[] = [
  '"',
  '"',
  '"',
  ',',
  ',',
  '\n',
  '\r',
  '\r\n',
  'a',
  'b',
  ' ',
  'é',
  '😀',
  '\0',
  "'",
  '""',
  '","',
  '\n"',
];

/** A small fast generator of bad luck. */
export function nastyInputs(seed: number, alphabet: readonly string[] = NASTY): () => string {
  let state = seed >>> 0 || 1;
  const random = (below: number) => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
  return () => {
    let text = '';
    for (let left = random(18); left > 0; left--) text += alphabet[random(alphabet.length)];
    return text;
  };
}
