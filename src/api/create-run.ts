import { RowmillError } from '../engine/errors.ts';
import type { HostedRun } from '../engine/ports/hosted-run-store.ts';
import type { RunInput } from '../engine/run/run-service.ts';
import type { ApiPorts } from './api-ports.ts';
import { ApiProblem } from './problem.ts';
import type { Call } from './route.ts';

/** Receives the body of a call and stores a run over it. A run that is refused leaves nothing behind. */
export async function createTaskRun({
  params,
  query,
  actor,
  ports,
  context,
  reservedId,
}: Call<
  { readonly category: string; readonly action: string },
  { readonly file_name?: string | undefined }
>): Promise<HostedRun> {
  const { tasks, uploads, settings, service, store, makeId } = ports;
  const { task, codeHash } = await tasks.find(`${params.category}/${params.action}`);
  const reserved = reservedId?.('run');
  if (reserved !== undefined) {
    const made = await madeBefore(reserved, ports);
    if (made !== undefined) return made;
  }
  let input: RunInput = { kind: 'none' };
  if (task.kind === 'csv') {
    if (context.is('text/csv') === false) {
      throw new ApiProblem('unsupported_media_type', 'the body must be text/csv');
    }
    const { path } = await uploads.receive(context.req, {
      id: makeId('upl'),
      maxBytes: settings.maxUploadBytes,
    });
    input = { kind: 'file', path };
  }
  try {
    const { runId } = await service.create({
      runId: reserved,
      task,
      codeHash,
      arguments: {},
      input,
      output: { kind: 'run_folder' },
      options: {},
      resume: false,
      acceptNewCode: false,
      onInvalid: 'reject',
      excelSafe: false,
      owner: { accountId: actor.accountId, authAccountId: actor.authAccountId },
      fileName: query.file_name,
    });
    return await store.get(runId);
  } catch (error) {
    if (input.kind === 'file') await uploads.remove(input.path);
    throw error;
  }
}

/** The run that an earlier attempt of the same request has made. */
async function madeBefore(
  runId: string,
  { store }: Pick<ApiPorts, 'store'>,
): Promise<HostedRun | undefined> {
  try {
    return await store.get(runId);
  } catch (error) {
    if (error instanceof RowmillError && error.code === 'run_not_found') return undefined;
    throw error;
  }
}
