import { refuseFilesElsewhere } from '../../engine/hosting/files-elsewhere.ts';
import type { HostedRun } from '../../engine/ports/hosted-run-store.ts';
import { outputPathOf } from '../../engine/run/run-paths.ts';
import { ApiProblem } from '../problem.ts';
import type { Call } from '../route.ts';
import { sendFile } from '../send-file.ts';
import { wrongState } from './kazoo-error.ts';
import { taskIdOf } from './task-id.ts';
import { hasOutput, taskStatusOf } from './task-wire.ts';

/** Kazoo's names of the files of a task. */
export const IN = 'in.csv';
export const OUT = 'out.csv';

/** Media types in the order of `Accept`: the first that is known decides, as in Kazoo. */
export function wantsCsv(accept: string): boolean {
  if (accept === 'csv') return true;
  const types = accept.split(',').map((type) => type.split(';')[0]?.trim().toLowerCase() ?? '');
  const first = types.find((type) => Object.hasOwn(KNOWN, type)) ?? '';
  return KNOWN[first] ?? false;
}

const KNOWN: Readonly<Record<string, boolean>> = {
  'text/csv': true,
  'text/comma-separated-values': true,
  'application/octet-stream': true,
  'application/json': false,
  'application/x-json': false,
  '*/*': false,
};

/** Sends a file of a task. One that is not there, or not yet, is no file. */
export async function sendTaskFile(
  run: HostedRun,
  name: string,
  { context, ports }: Pick<Call, 'context' | 'ports'>,
): Promise<'sent'> {
  const { record } = run;
  const taskId = taskIdOf(record.runId);
  refuseFilesElsewhere(run, `task ${taskId}`);
  const path = pathOf(run, name, ports.clock.now());
  if (path === undefined) throw wrongState(taskId);
  const saveAs = `${record.task.replace('/', '_')}_${taskId}_${name === IN ? 'in' : 'out'}.csv`;
  try {
    return await sendFile(context, { path, name: saveAs, type: 'text/csv' });
  } catch (error) {
    const isGone = error instanceof ApiProblem && error.code === 'not_found';
    throw isGone ? wrongState(taskId) : error;
  }
}

function pathOf(run: HostedRun, name: string, nowMs: number): string | undefined {
  const { record, folder } = run;
  if (name === IN) return record.input.kind === 'file' ? record.input.path : undefined;
  const isThere = name === OUT && hasOutput(run, taskStatusOf(run, nowMs));
  return isThere ? outputPathOf(record, folder) : undefined;
}
