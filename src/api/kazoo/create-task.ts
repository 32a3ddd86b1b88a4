import { CsvError } from '../../engine/csv/csv-error.ts';
import { RowmillError } from '../../engine/errors.ts';
import type { HostedRun } from '../../engine/ports/hosted-run-store.ts';
import type { CsvTask } from '../../engine/task/task.ts';
import { createRun } from '../create-run.ts';
import type { Call } from '../route.ts';
import { uploadWords } from '../uploads/upload-fields.ts';
import type { Upload } from '../uploads/upload.ts';
import {
  badIdentifier,
  badRequest,
  csvError,
  KazooError,
  MALFORMED,
  UNEVEN,
} from './kazoo-error.ts';
import { receiveInput } from './receive-input.ts';

/** What the query of a new task says. */
export interface NewTaskQuery {
  readonly category?: string | undefined;
  readonly action?: string | undefined;
  readonly file_name?: string | undefined;
}

/** Creates a task for an account: as Kazoo does, only when the whole of its input can be read. */
export async function createTask(
  accountId: string,
  call: Pick<Call<unknown, NewTaskQuery>, 'query' | 'actor' | 'ports' | 'context'>,
): Promise<HostedRun> {
  const { query, actor, ports, context } = call;
  const { category = '', action = '', file_name: fileName } = query;
  if (category === '' || action === '') {
    throw new KazooError(500, 'invalid request', { data: { message: 'invalid request' } });
  }
  const task = await ports.tasks.find(`${category}/${action}`).catch((error: unknown) => {
    const isUnknown = error instanceof RowmillError && error.code === 'task_not_found';
    throw isUnknown ? badIdentifier('unknown_category_action') : error;
  });
  const upload = await receiveInput(context, ports);
  const path = upload.file?.path;
  try {
    refuseWrongContent(task.task.kind, path);
    const totalRows =
      task.task.kind === 'csv' && path !== undefined
        ? await countedRows(task.task, path, call)
        : undefined;
    const words = uploadWords(fileName === undefined ? {} : { file_name: fileName }, {
      ...upload,
      fields: fieldsOf(upload, task.task.argumentsSchema !== undefined),
    });
    const owner = { ...actor, accountId };
    return await createRun({ ...words, task, path, totalRows }, { actor: owner, ports });
  } catch (error) {
    if (path !== undefined) await ports.uploads.remove(path);
    throw error;
  }
}

function refuseWrongContent(kind: 'csv' | 'noinput', path: string | undefined): void {
  if (kind === 'noinput' && path !== undefined) throw badRequest({ expected_content: 'none' });
  if (kind === 'csv' && path === undefined) throw badRequest({ expected_content: 'text/csv' });
}

/** How many rows the input has. Throws what is wrong with any of them, or with its header. */
async function countedRows(
  task: CsvTask,
  path: string,
  { ports }: Pick<Call, 'ports'>,
): Promise<number> {
  const found = await ports.inspectInput({ task, path }).catch((error: unknown) => {
    throw unreadable(error);
  });
  const { rows, header, raggedRows, missingColumns, incomplete } = found;
  if (found.unreadable !== undefined) throw csvError(MALFORMED);
  if (rows === 0 || raggedRows > 0 || header.includes('')) throw csvError(UNEVEN);
  const wrong = {
    ...(missingColumns.length === 0 ? {} : { missing_mandatory_fields: missingColumns }),
    ...(incomplete.length === 0 ? {} : { missing_mandatory_values: incomplete }),
  };
  if (Object.keys(wrong).length > 0) throw badRequest(wrong);
  return rows;
}

function unreadable(error: unknown): unknown {
  if (!(error instanceof RowmillError) || error.code !== 'input_refused') return error;
  const isEmpty = error.cause instanceof CsvError && error.cause.code === 'empty_input';
  return csvError(isEmpty ? UNEVEN : MALFORMED, error);
}

/**
 * What stands beside the records are arguments of the task, as in Kazoo; a form has them in `arguments`.
 * A task without arguments is not disturbed by them.
 */
function fieldsOf({ fields }: Upload, takesArguments: boolean): Upload['fields'] {
  const { file_name: fileName, arguments: given, ...rest } = fields;
  const named = typeof fileName === 'string' ? { file_name: fileName } : {};
  if (!takesArguments) return named;
  return { ...named, arguments: given ?? rest };
}
