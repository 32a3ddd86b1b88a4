/** Deeper than anybody writes, and far from where walking through it would be more than a stack holds. */
const DEEPEST = 200;

/** What is wrong with a value that was read from JSON; undefined where it is not too deep. */
export function depthProblem(json: unknown): string | undefined {
  let level = partsOf([json]);
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > DEEPEST) {
      return `its lists and objects lie in each other more than ${DEEPEST} levels deep`;
    }
    level = level.flatMap((each) => partsOf(Object.values(each)));
  }
  return undefined;
}

function partsOf(values: readonly unknown[]): readonly object[] {
  return values.filter((each) => typeof each === 'object' && each !== null);
}

/**
 * Whether a JSON text has more values than that, texts apart. Each of them takes many times its bytes once it is
 * read: 60 MB of empty objects are a minute of work and gigabytes of memory.
 */
export function hasMoreValues(json: string, most: number): boolean {
  if (json.length <= most) return false;
  let values = 0;
  for (let at = 0; at < json.length && values <= most; at += 1) {
    const character = json[at];
    if (character === '"') at = endOfText(json, at);
    else if (character === ',' || character === '[' || character === '{') values += 1;
  }
  return values > most;
}

function endOfText(json: string, from: number): number {
  for (let end = json.indexOf('"', from + 1); end !== -1; end = json.indexOf('"', end + 1)) {
    let slashes = 0;
    while (json[end - 1 - slashes] === '\\') slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return json.length;
}
