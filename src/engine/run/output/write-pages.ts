import type { ByteText } from '../../csv/write/format-cell.ts';
import type { RunFiles, WritableFile } from '../../ports/run-files.ts';

/** A page is written at this size. */
const PAGE_BYTES = 1024 * 1024;

/** Writes a file anew from its lines, in pages; on the disk when it ends. */
export async function writePages(
  files: RunFiles,
  path: string,
  lines: () => AsyncGenerator<ByteText>,
): Promise<void> {
  const file = await files.openOutput(path, 0);
  try {
    let page = '';
    for await (const line of lines()) {
      page += line;
      if (page.length >= PAGE_BYTES) {
        await append(file, page);
        page = '';
      }
    }
    await append(file, page);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function append(file: WritableFile, page: ByteText): Promise<void> {
  if (page !== '') await file.append(Buffer.from(page, 'latin1'));
}
