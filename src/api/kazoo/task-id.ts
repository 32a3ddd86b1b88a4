import { ID_LETTERS } from '../../engine/ports/ids.ts';

const PREFIX = 'run_';
const TASK_ID = /^[\da-f]{30}$/;
/** The letters of an id that fit into 30 hex characters beside the mark of where they begin. */
const MOST_LETTERS = 23;
const BASE = BigInt(ID_LETTERS.length);

/**
 * The id of a run as Kazoo writes ids: 30 hex characters. The letters of the run's own id are read as one
 * number, so that each id can be told from the other and nothing has to be stored.
 */
export function taskIdOf(runId: string): string {
  const letters = Array.from(runId.slice(PREFIX.length), (letter) => ID_LETTERS.indexOf(letter));
  if (letters.length > MOST_LETTERS || letters.includes(-1)) {
    throw new Error(`${runId} cannot be written as a task id`);
  }
  // The 1 in front keeps the letters that count nothing.
  const number = letters.reduce((sum, letter) => sum * BASE + BigInt(letter), 1n);
  return number.toString(16).padStart(30, '0');
}

/** The id of the run that a task id means; undefined where it can mean none. */
export function runIdOf(taskId: string): string | undefined {
  if (!TASK_ID.test(taskId)) return undefined;
  let letters = '';
  let number = BigInt(`0x${taskId}`);
  for (; number > 1n; number /= BASE) letters = `${ID_LETTERS[Number(number % BASE)]}${letters}`;
  return number === 1n && letters !== '' ? `${PREFIX}${letters}` : undefined;
}
