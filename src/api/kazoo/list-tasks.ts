import type { HostedRun } from '../../engine/ports/hosted-run-store.ts';
import type { ApiPorts } from '../api-ports.ts';
import { cursorOf, readCursor } from '../cursor.ts';
import type { KazooReply } from './envelope.ts';
import { msOfGregorian } from './gregorian-time.ts';
import { validationError } from './kazoo-error.ts';
import { taskFilter } from './task-filter.ts';
import { taskWire, type KazooTaskWire } from './task-wire.ts';

const READ_AT_ONCE = 200;
/** `paginate=false` asks for all; what is beyond is still to be had by `next_start_key`. */
const MOST = 10_000;
/** Runs looked at for one page: a filter that fits none of them must not read all there are. */
const LOOKED_AT = 20_000;

/** What a list can be asked for. */
export interface TaskListQuery {
  readonly page_size: number;
  readonly start_key?: string | undefined;
  readonly paginate: 'true' | 'false';
  readonly created_from?: number | undefined;
  readonly created_to?: number | undefined;
  readonly [name: string]: unknown;
}

/** The tasks of an account, newest first, as many as a page has. */
export async function listTasks(
  accountId: string,
  query: TaskListQuery,
  { store, clock }: Pick<ApiPorts, 'store' | 'clock'>,
): Promise<KazooReply> {
  const { start_key: startKey, created_from: from, created_to: to } = query;
  const limit = query.paginate === 'false' ? MOST : query.page_size;
  const isWanted = taskFilter(query);
  const tasks: KazooTaskWire[] = [];
  let after = startKey === undefined ? beforeSecond(to) : readStartKey(startKey);
  let last: HostedRun | undefined;
  let lookedAt = 0;
  for (;;) {
    const { runs, hasMore } = await store.page({ accountId, limit: READ_AT_ONCE, after });
    for (const run of runs) {
      if (from !== undefined && run.record.createdAtMs < msOfGregorian(from)) return answer();
      if (last !== undefined && (tasks.length === limit || lookedAt === LOOKED_AT)) {
        return answer(cursorOf(last));
      }
      const task = taskWire(run, clock.now());
      if (isWanted(task)) tasks.push(task);
      last = run;
      lookedAt += 1;
      after = { createdAtMs: run.record.createdAtMs, runId: run.record.runId };
    }
    if (!hasMore) return answer();
  }

  function answer(next?: string): KazooReply {
    const page = {
      page_size: tasks.length,
      ...(startKey === undefined ? {} : { start_key: startKey }),
      ...(next === undefined ? {} : { next_start_key: next }),
    };
    return { data: tasks, page };
  }
}

/** A page that begins with the runs of this second: `created_to` is included. */
function beforeSecond(seconds: number | undefined) {
  return seconds === undefined ? undefined : { createdAtMs: msOfGregorian(seconds + 1), runId: '' };
}

function readStartKey(startKey: string) {
  try {
    return readCursor(startKey);
  } catch (error) {
    const message = 'start_key is not the next_start_key of an earlier page';
    throw validationError({ start_key: { invalid: { message, value: startKey } } }, error);
  }
}
