import { messageOf } from '../../errors.ts';
import type { TaskLog } from '../../task/run-context.ts';

/** What goes wrong behind the rows does not undo them: it is in the log, and the rest is still called. */
export async function orLogged(what: string, log: TaskLog, work: () => unknown): Promise<void> {
  try {
    await work();
  } catch (error) {
    log.error(`${what} failed: ${messageOf(error)}`, {
      stack: error instanceof Error ? error.stack : undefined,
    });
  }
}
