import { callbackify } from 'node:util';
import koaMulter from '@koa/multer';
import type { Context } from 'koa';
import multer, { type StorageEngine } from 'multer';
import { RowmillError } from '../../engine/errors.ts';
import type { ReceivedFile } from '../../engine/ports/upload-files.ts';
import type { ApiPorts } from '../api-ports.ts';
import { expectBody } from '../expected-body.ts';
import { ApiProblem } from '../problem.ts';
import { brokenOff, refuseLength } from '../read-body.ts';
import type { Upload } from './upload.ts';

/** Beside the file: its fields and what stands between the parts. */
const FORM_BYTES = 2 * 1024 * 1024;
const LIMITS = {
  files: 1,
  fields: 10,
  parts: 11,
  fieldNameSize: 100,
  fieldSize: 256 * 1024,
  headerPairs: 50,
};

interface FormPorts extends Pick<ApiPorts, 'uploads' | 'settings'> {
  readonly receive: (stream: AsyncIterable<Uint8Array>) => Promise<ReceivedFile>;
}

/** Reads a form: one file, whatever its field is called, and fields before or behind it. */
export async function receiveForm(context: Context, ports: FormPorts): Promise<Upload> {
  refuseLength(context.req, ports.settings.maxUploadBytes + FORM_BYTES);
  expectBody(context.req);
  let received: ReceivedFile | undefined;
  let fileName: string | undefined;
  const refusal = new AbortController();
  let storing: Promise<unknown> | undefined;
  const keep = async ({ stream, originalname }: Express.Multer.File) => {
    received = await ports.receive(stream);
    fileName = originalname;
    return { path: received.path, size: received.bytes };
  };
  const storage: StorageEngine = {
    _handleFile(_request, file, done) {
      const stored = keep(file);
      storing = stored;
      stored.catch((error: unknown) => refusal.abort(error));
      callbackify(() => stored)(done);
    },
    _removeFile(_request, file, done) {
      callbackify(() => ports.uploads.remove(file.path))(done);
    },
  };
  const form = koaMulter({ storage, limits: LIMITS, defParamCharset: 'utf8' }).any();
  try {
    // multer answers when the whole request has come; a refusal does not wait for the rest.
    await Promise.race([form(context, async () => undefined), refused(refusal.signal)]);
    // Set by @koa/multer: the fields of the form by name.
    const { body } = context.request as { readonly body?: Readonly<Record<string, unknown>> };
    return { file: received, fileName, encoding: undefined, fields: { ...body } };
  } catch (error) {
    if (received !== undefined) await ports.uploads.remove(received.path);
    const problem = formProblem(error);
    // What ends the storing of the file also breaks the form off, and may be heard later.
    throw isBrokenOff(problem) ? await reasonOf(storing, problem) : problem;
  }
}

function refused(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function isBrokenOff(problem: unknown): boolean {
  return problem instanceof ApiProblem && problem.cause !== undefined;
}

/** Why the file could not be stored, where that is ours to say. */
async function reasonOf(storing: Promise<unknown> | undefined, problem: unknown): Promise<unknown> {
  const reason: unknown = await storing?.then(
    () => undefined,
    (error: unknown) => error,
  );
  return reason instanceof RowmillError ? reason : problem;
}

function formProblem(error: unknown): unknown {
  if (error instanceof RowmillError || error instanceof ApiProblem) return error;
  if (!(error instanceof multer.MulterError)) return brokenOff(error);
  const { code, field } = error;
  const named = field === undefined ? 'the form' : `the field ${field}`;
  if (code === 'LIMIT_FILE_COUNT') {
    return new ApiProblem('bad_request', 'the form has more than one file: send one');
  }
  if (code === 'LIMIT_FIELD_VALUE') {
    return new ApiProblem('too_large', `${named} is longer than ${LIMITS.fieldSize} bytes`);
  }
  return new ApiProblem('bad_request', `${named}: ${error.message}`, { cause: error });
}
