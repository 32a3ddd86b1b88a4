/**
 * `work`: runs that work here, so many at a time. `calls`: runs that do next to nothing but wait for
 * somebody else's work, and need no room of those.
 */
export type RunLane = 'work' | 'calls';

/** Categories of tasks that the engine makes itself, whose runs only wait. */
const CALLS = /^(?:service\/[^@/]+|entity\/run)@\d+$/;

/** Which lane the runs of a task are in. No task of an author has a name like those of `calls`. */
export function laneOf(taskName: string): RunLane {
  return CALLS.test(taskName) ? 'calls' : 'work';
}
