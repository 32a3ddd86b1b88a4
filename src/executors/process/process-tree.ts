import { readdirSync, readFileSync } from 'node:fs';

/** What the processes of a sandbox use at a moment. */
export interface TreeSample {
  /** Those of the program, without the ones that hold its sandbox. */
  readonly processIds: readonly number[];
  readonly threads: number;
  /** Shared pages count once, where counting a page for each process would pass the limit. */
  readonly memoryBytes: number;
  /** The highest memory of a single process so far. */
  readonly peakBytes: number;
  readonly cpuMs: number;
}

/**
 * Looks at all descendants of process 1 of a sandbox, which inherits whatever loses its parent.
 * `holderId` is the process outside that started process 1.
 */
export function sampleTree(holderId: number, exactAboveBytes: number): TreeSample {
  const [init] = childrenOf(holderId);
  return sampleBelow(init, exactAboveBytes);
}

/** Looks at all descendants of a process; at none where there is no process. */
export function sampleBelow(id: number | undefined, exactAboveBytes: number): TreeSample {
  const processIds = id === undefined ? [] : descendantsOf(id);
  const seen = processIds.flatMap((id) => readProcess(id) ?? []);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const residentBytes = sum(seen.map((one) => one.residentBytes));
  return {
    processIds,
    threads: sum(seen.map((one) => one.threads)),
    memoryBytes: residentBytes > exactAboveBytes ? sum(seen.map(proportionalBytes)) : residentBytes,
    peakBytes: Math.max(0, ...seen.map((one) => one.peakBytes)),
    cpuMs: sum(seen.map((one) => one.cpuMs)),
  };
}

/** Process 1 of the sandbox that a process holds. */
export function initOf(holderId: number): number | undefined {
  return childrenOf(holderId)[0];
}

/** Whether this kernel tells of the children of a process. */
export function tellsOfChildren(): boolean {
  return readText(`/proc/${process.pid}/task/${process.pid}/children`) !== undefined;
}

interface SeenProcess {
  readonly id: number;
  readonly threads: number;
  readonly residentBytes: number;
  readonly peakBytes: number;
  readonly cpuMs: number;
}

/** Of USER_HZ, which is 100 on every Linux. */
const TICK_MS = 10;

function descendantsOf(id: number): number[] {
  const children = childrenOf(id);
  return children.concat(children.flatMap((child) => descendantsOf(child)));
}

function childrenOf(id: number): number[] {
  return taskIds(id).flatMap((task) =>
    (readText(`/proc/${id}/task/${task}/children`) ?? '').split(' ').flatMap((child) => {
      const number = Number(child);
      return number > 0 ? [number] : [];
    }),
  );
}

function taskIds(id: number): readonly string[] {
  try {
    return readdirSync(`/proc/${id}/task`);
  } catch {
    return [];
  }
}

/** Undefined where it has ended meanwhile. */
function readProcess(id: number): SeenProcess | undefined {
  const status = readText(`/proc/${id}/status`);
  const stat = readText(`/proc/${id}/stat`);
  if (status === undefined || stat === undefined) return undefined;
  const figure = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  // Behind the name, which may hold anything: state is the first field, utime the twelfth.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field] ?? 0), 0);
  return {
    id,
    threads: figure('Threads'),
    residentBytes: figure('VmRSS') * 1024,
    peakBytes: figure('VmHWM') * 1024,
    cpuMs: ticks * TICK_MS,
  };
}

/** None for a process that has ended meanwhile: its pages are those of the others now. */
function proportionalBytes({ id, residentBytes }: SeenProcess): number {
  try {
    const pages = readFileSync(`/proc/${id}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+)/m.exec(pages)?.[1] ?? 0) * 1024;
  } catch (error) {
    const isForbidden = error instanceof Error && 'code' in error && error.code === 'EACCES';
    return isForbidden ? residentBytes : 0;
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
