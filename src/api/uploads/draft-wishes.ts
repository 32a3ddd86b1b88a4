import type { DraftWishes } from '../../engine/ports/draft-store.ts';
import { inputOptionsOf, ReadOptions } from '../wire/run-options-wire.ts';
import { checked, uploadWords, type UploadQuery } from './upload-fields.ts';
import { NO_UPLOAD, type Upload } from './upload.ts';

/** What was said of a file that becomes a draft: how it is to be read, and nothing of a run. */
export function wishesOf(
  query: UploadQuery,
  upload: Upload,
): DraftWishes & { readonly fileName: string | undefined } {
  const { task, fileName, arguments: args, options } = uploadWords(query, upload);
  const read = inputOptionsOf(checked(ReadOptions, options, 'options'));
  return { task, fileName, arguments: args, options: read };
}

/** The same by the metadata of a resumable upload. */
export function draftWishes({
  filename,
  task,
  arguments: args,
  options,
}: Readonly<Record<string, string | null | undefined>>): ReturnType<typeof wishesOf> {
  const said = { task, file_name: filename?.slice(-255), arguments: args, options };
  const fields = Object.fromEntries(
    Object.entries(said).filter(([, value]) => typeof value === 'string' && value !== ''),
  );
  return wishesOf({}, { ...NO_UPLOAD, fields });
}
