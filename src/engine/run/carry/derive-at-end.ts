import { messageOf } from '../../errors.ts';
import type { BegunRun } from '../begin/begin-run.ts';
import { deriveFiles, type Derived } from '../output/derive-files.ts';
import type { RunHandles } from '../run-service.ts';
import type { ServicePorts } from '../service-ports.ts';
import type { FilePaths } from './file-paths.ts';
import { unlessAborted } from './run-gate.ts';
import type { Ending } from './run-ending.ts';

interface DerivedWork {
  readonly begun: BegunRun;
  readonly handles: RunHandles;
}

/** Writes the files beside the output that its request asks for. */
export function derive(
  { begun: { record, csv }, handles }: DerivedWork,
  { paths, ending: { checkpoint } }: { readonly paths: FilePaths; readonly ending: Ending },
  { files }: Pick<ServicePorts, 'files'>,
): Promise<Derived> {
  if (checkpoint === undefined) return Promise.resolve({});
  const { position } = checkpoint;
  const input = csv === undefined ? undefined : { record, input: csv.input, table: csv.table };
  const work = deriveFiles(files, { errors: paths.errors, input, position }, record);
  return unlessAborted(handles.abortSignal, work);
}

/** The same for a run that goes on one day: what cannot be written now is written then. */
export async function deriveWhatCan(
  work: DerivedWork,
  ended: { readonly paths: FilePaths; readonly ending: Ending },
  ports: Pick<ServicePorts, 'files'>,
): Promise<Derived> {
  if (work.handles.abortSignal.aborted) return {};
  try {
    return await derive(work, ended, ports);
  } catch (error) {
    return { message: `a file beside the output could not be written: ${messageOf(error)}` };
  }
}
