import { RowmillError } from '../errors.ts';
import { didYouMean } from '../nearest-names.ts';
import type { ExecutorDefinition } from '../ports/executor-store.ts';
import type { ScriptAccess, ScriptLimits } from '../ports/script-executor.ts';

/** What an executor has where nothing is said: 128 MB and 600 s, the stable runtime, and no network. */
export const DEFAULT_EXECUTOR: ExecutorDefinition = {
  name: 'default',
  kind: 'process',
  runtimeVersion: '$STABLE',
  limits: {
    memoryMb: 128,
    timeoutSeconds: 600,
    outputBytes: 1024 * 1024,
    processes: 64,
    folderMb: 64,
  },
  access: { network: false, readable: [] },
};

interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly unit: string;
  readonly isWhole: boolean;
}

/** What each limit may be. An interpreter alone takes 45 MB, and 11 threads. */
const LIMIT_BOUNDS: Readonly<Record<keyof ScriptLimits, Bounds>> = {
  memoryMb: { least: 64, most: 65_536, unit: 'MB', isWhole: true },
  timeoutSeconds: { least: 0.1, most: 86_400, unit: 's', isWhole: false },
  outputBytes: { least: 1024, most: 64 * 1024 * 1024, unit: 'bytes', isWhole: true },
  processes: { least: 16, most: 4096, unit: 'processes and threads', isWhole: true },
  folderMb: { least: 16, most: 4096, unit: 'MB', isWhole: true },
};

/** What is wrong with limits, each with its name and what was expected. */
export function limitProblems(limits: ScriptLimits): string[] {
  return limitNames().flatMap((name) => {
    const { least, most, unit, isWhole } = LIMIT_BOUNDS[name];
    const value = limits[name];
    const isRight = value >= least && value <= most && (!isWhole || Number.isInteger(value));
    const kind = isWhole ? 'a whole number' : 'a number';
    return isRight ? [] : [`${name}: ${value}; expected ${kind} of ${least} to ${most} ${unit}`];
  });
}

/** What kinds of executors are made of, beside limits. What is not here has no image. */
const KINDS = {
  container: { runsIn: 'a container' },
  azure: { runsIn: 'a container instance of Azure' },
} as const;

/** What keeps an executor from executing scripts, each with its name and what was expected. */
export function executorProblems({
  kind,
  image,
  limits,
  access,
}: Pick<ExecutorDefinition, 'kind' | 'image' | 'limits' | 'access'>): string[] {
  const problems = limitProblems(limits);
  if (!isKindWithImage(kind)) {
    return image === undefined
      ? problems
      : [...problems, `image: ${image}; the kind ${kind} has none`];
  }
  const { runsIn } = KINDS[kind];
  if (image === undefined) {
    problems.push(`image: missing; the kind ${kind} takes one, such as python:3.12`);
  } else if (!/^[\w][\w.:/@-]*$/.test(image)) {
    problems.push(`image: ${JSON.stringify(image)}; expected a name, such as python:3.12`);
  }
  if (access.readable.length > 0) {
    problems.push(`readable: ${runsIn} reads no files of this machine`);
  }
  if (leastAccess(kind).network && !access.network) {
    problems.push(`network: ${runsIn} always has one, so an admin must allow it`);
  }
  return problems;
}

/** What scripts have in a kind of executors, whatever is allowed them. */
export function leastAccess(kind: string): ScriptAccess {
  return { network: kind === 'azure', readable: [] };
}

function isKindWithImage(kind: string): kind is keyof typeof KINDS {
  return kind in KINDS;
}

/** Limits as they are given, over the defaults. Throws `arguments_invalid` with every problem at once. */
export function makeLimits(
  given: Readonly<Record<string, number | undefined>>,
  defaults: ScriptLimits = DEFAULT_EXECUTOR.limits,
): ScriptLimits {
  const names = limitNames();
  const unknown = Object.keys(given)
    .filter((name) => !names.some((known) => known === name))
    .map((name) => `${name} is no limit.${didYouMean(name, names)}`);
  const read = (name: keyof ScriptLimits): number => given[name] ?? defaults[name];
  const limits: ScriptLimits = {
    memoryMb: read('memoryMb'),
    timeoutSeconds: read('timeoutSeconds'),
    outputBytes: read('outputBytes'),
    processes: read('processes'),
    folderMb: read('folderMb'),
  };
  const problems = [...unknown, ...limitProblems(limits)];
  if (problems.length > 0) {
    throw new RowmillError('arguments_invalid', problems.join('; '), { problems });
  }
  return limits;
}

function limitNames(): (keyof ScriptLimits)[] {
  return Object.keys(LIMIT_BOUNDS) as (keyof ScriptLimits)[]; // keys of that very table
}
