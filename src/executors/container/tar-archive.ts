/** A file of an archive, by its path within it. */
export interface ArchivedFile {
  /** With / between folders, up to 100 bytes of ASCII. */
  readonly path: string;
  readonly content: Uint8Array;
}

const BLOCK_BYTES = 512;

/**
 * A tar archive (ustar) of files that everybody can read and only root can write; their folders come with
 * them. By tar-stream 3 it would be 15 packages with binaries of bare-fs, 7.7 MB.
 */
export function tarArchive(files: readonly ArchivedFile[]): Uint8Array {
  const folders = new Set(files.flatMap(({ path }) => foldersOf(path)));
  const blocks = [...folders].sort().map((folder) => header(`${folder}/`, 0, FOLDER));
  for (const { path, content } of files) {
    const padding = Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES);
    blocks.push(header(path, content.length, FILE), Buffer.from(content), padding);
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

const FILE = { type: '0', mode: 0o444 };
const FOLDER = { type: '5', mode: 0o555 };

function header(path: string, bytes: number, { type, mode }: typeof FILE): Buffer {
  if (!/^[\x21-\x7e]{1,100}$/.test(path)) throw new Error(`${path}: no path for an archive`);
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, at: number, width: number): void => {
    block.write(value.toString(8).padStart(width - 1, '0'), at, 'latin1');
  };
  block.write(path, 0, 'latin1');
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(bytes, 124, 12);
  octal(0, 136, 12);
  block.write(type, 156, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  // The sum is taken with spaces in its own place.
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
