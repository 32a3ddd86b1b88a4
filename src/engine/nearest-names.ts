import { distance } from 'fastest-levenshtein';

/** The names a person may have meant, nearest first: at most three, and none that is far off. */
export function nearestNames(written: string, known: Iterable<string>): string[] {
  const wanted = written.toLowerCase();
  const near: { name: string; far: number }[] = [];
  for (const name of known) {
    const candidate = name.toLowerCase();
    // A beginning or a part of the name is what people type when they do not know it by heart.
    const far = candidate.includes(wanted) ? 1 : distance(wanted, candidate);
    if (far <= Math.max(2, Math.floor(name.length / 3))) near.push({ name, far });
  }
  near.sort((a, b) => a.far - b.far || a.name.localeCompare(b.name));
  const nearest = near[0]?.far ?? 0;
  return near
    .filter(({ far }) => far <= nearest + 1)
    .slice(0, 3)
    .map(({ name }) => name);
}

/** ` Did you mean a, b or c?`, or nothing where nothing is near. */
export function didYouMean(written: string, known: Iterable<string>): string {
  const names = nearestNames(written, known);
  const last = names.pop();
  if (last === undefined) return '';
  return ` Did you mean ${names.length === 0 ? last : `${names.join(', ')} or ${last}`}?`;
}
