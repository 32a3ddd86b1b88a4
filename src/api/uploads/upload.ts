import type { ReceivedFile } from '../../engine/ports/upload-files.ts';

/** What came in one request: a file, and what was said of it, not looked at yet. */
export interface Upload {
  /** Undefined where the request has none: fields only. */
  readonly file: ReceivedFile | undefined;
  /** Name of the file, if the form itself says one. */
  readonly fileName: string | undefined;
  /** Encoding that the media type names. */
  readonly encoding: string | undefined;
  /** Beside the file: `task`, `arguments`, `options`, `file_name`. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What came in a request without a body. */
export const NO_UPLOAD: Upload = {
  file: undefined,
  fileName: undefined,
  encoding: undefined,
  fields: {},
};
