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
