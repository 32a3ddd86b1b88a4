import { RowmillError } from '../errors.ts';
import { didYouMean } from '../nearest-names.ts';
import type { ScriptRuntimeFacts } from '../ports/script-executor.ts';

/** The runtime that a language and `$STABLE`, `$LATEST` or a version mean. The newest of those that fit. */
export function pickRuntime<
  Runtime extends Pick<ScriptRuntimeFacts, 'language' | 'version' | 'channels'>,
>(
  runtimes: readonly Runtime[],
  { language, version }: { readonly language: string; readonly version: string },
): Runtime {
  const ofLanguage = runtimes.filter((runtime) => runtime.language === language);
  if (ofLanguage.length === 0) {
    const known = [...new Set(runtimes.map((runtime) => runtime.language))];
    throw new RowmillError(
      'executor_unavailable',
      `there is no runtime for ${language}.${didYouMean(language, known)} This executor has ${known.join(', ')}`,
    );
  }
  const found = ofLanguage
    .filter((runtime) => isMeant(runtime, version))
    .toSorted((a, b) => compareVersions(b.version, a.version));
  const [best] = found;
  if (best !== undefined) return best;
  const there = ofLanguage.map((runtime) => runtime.version).join(', ');
  throw new RowmillError(
    'executor_unavailable',
    `there is no ${language} ${version} here: $STABLE, $LATEST or one of ${there} is expected`,
  );
}

/** `3.11` means 3.11.7 too, and 3.1 does not. */
function isMeant(
  { version, channels }: Pick<ScriptRuntimeFacts, 'version' | 'channels'>,
  wanted: string,
): boolean {
  if (channels.some((channel) => channel === wanted)) return true;
  return version === wanted || version.startsWith(`${wanted}.`);
}

/** Below 0 where `a` is the older one. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (const [index, part] of left.entries()) {
    const difference = part - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
