import type { Context } from 'koa';
import type { ApiPorts } from '../api-ports.ts';
import { MOST_VALUES_OF_RECORDS, refuseManyFields } from '../uploads/read-json.ts';
import { receiveUpload } from '../uploads/receive-upload.ts';
import { recordsCsv } from '../uploads/records-csv.ts';
import type { Upload } from '../uploads/upload.ts';
import { readData } from './read-data.ts';

const CSV_TYPES = ['text/csv', 'text/comma-separated-values', 'application/octet-stream'];
/** What Kazoo's clients say of JSON: nothing, or what curl says of whatever it sends. */
const JSON_TYPES = ['json', 'application/x-json', 'application/x-www-form-urlencoded'];

/** All that the input of a task can be sent as. */
export const INPUT_TYPES = [...CSV_TYPES, 'application/json', 'multipart/form-data'];

type InputPorts = Pick<ApiPorts, 'uploads' | 'settings' | 'makeId'>;

/** Receives the input of a new task and what stands beside it. Who takes the file removes it when it fails. */
export async function receiveInput(context: Context, ports: InputPorts): Promise<Upload> {
  const hasType = context.get('content-type') !== '';
  if (hasType && typeof context.is(JSON_TYPES) !== 'string' && hasBody(context)) {
    return receiveUpload(context, ports);
  }
  const { settings, uploads, makeId } = ports;
  const data = await readData(context.req, settings.maxRecordsBytes, MOST_VALUES_OF_RECORDS);
  const { records, ...fields } = data;
  refuseManyFields(fields);
  const none = { file: undefined, fileName: undefined, encoding: undefined, fields };
  if (records === undefined || (Array.isArray(records) && records.length === 0)) return none;
  const options = { id: makeId('upl'), maxBytes: settings.maxUploadBytes };
  return { ...none, file: await uploads.receive(recordsCsv(records), options) };
}

/** A client may name a type and send nothing. */
function hasBody({ req }: Context): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = req.headers;
  return encoding !== undefined || Number(length ?? 0) > 0;
}
