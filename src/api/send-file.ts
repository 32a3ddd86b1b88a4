import { open, type FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Context } from 'koa';
import { contentDisposition } from './content-disposition.ts';
import { answerConditions, rangeOf } from './file-conditions.ts';
import { ApiProblem } from './problem.ts';

/** The headers of a file, for the description of a route that sends one. */
export const FILE_HEADERS = {
  ETag: 'The version of the file: send it back in `If-None-Match`, `If-Match` or `If-Range`',
  'Last-Modified': 'When it was written last',
  'Accept-Ranges': '`bytes`: parts of it can be asked for by `Range`',
  'Content-Disposition': 'The name to save it as',
};

/** A file as it is sent. */
export interface SentFile {
  readonly path: string;
  /** What a browser saves it as. */
  readonly name: string;
  /** Names the bytes that are sent: the same ones have the same version. Without it: size and time. */
  readonly version?: string | undefined;
  /** Only so many bytes: what is behind them is not finished. */
  readonly length?: number | undefined;
  /** With the mark in front by which spreadsheet programs know UTF-8, where it has none. */
  readonly isForExcel?: boolean | undefined;
  readonly encoding?: string | undefined;
  /** Of what is not packed; `text/csv` without it. */
  readonly type?: string | undefined;
}

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
/** Packing less than this gains nothing. */
const MIN_PACKED_BYTES = 1_400;
const CHUNK_BYTES = 256 * 1024;

/**
 * Sends a file, whole or in part, packed where that is accepted, or says that it has not changed. Throws
 * `not_found`, `precondition_failed` and `range_not_satisfiable`.
 */
export async function sendFile(context: Context, sent: SentFile): Promise<'sent'> {
  const file = await open(sent.path, 'r').catch((cause: unknown) => {
    throw new ApiProblem('not_found', 'this run has no such file yet', { cause });
  });
  try {
    await answer(context, file, sent);
  } catch (error) {
    // Who has gone is not told that it has.
    if (!context.res.headersSent || !context.res.destroyed) throw error;
  } finally {
    await file.close();
  }
  return 'sent';
}

async function answer(context: Context, file: FileHandle, sent: SentFile): Promise<void> {
  const facts = await file.stat();
  const length = Math.min(sent.length ?? facts.size, facts.size);
  const start = await beginning(file, length);
  const isPackedFile = start[0] === 0x1f && start[1] === 0x8b;
  const hasMark = start.equals(BYTE_ORDER_MARK);
  const prefix = sent.isForExcel === true && !hasMark ? BYTE_ORDER_MARK : Buffer.alloc(0);
  const total = prefix.length + length;
  const isWhole = context.get('range') === '';
  const packs =
    isWhole &&
    !isPackedFile &&
    total >= MIN_PACKED_BYTES &&
    context.acceptsEncodings('gzip', 'identity') === 'gzip';
  const version = sent.version ?? `${facts.size.toString(36)}-${facts.mtimeMs.toString(36)}`;
  const tag = (suffix: string) => `"${version}${prefix.length > 0 ? '-x' : ''}${suffix}"`;
  const headers: Record<string, string> = {
    ETag: tag(packs ? '-gz' : ''),
    'Last-Modified': facts.mtime.toUTCString(),
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, no-cache',
    Vary: 'Accept-Encoding',
    'Content-Type': isPackedFile
      ? 'application/gzip'
      : (sent.type ?? `text/csv; charset=${sent.encoding ?? 'utf-8'}`),
    'Content-Disposition': contentDisposition(isPackedFile ? `${sent.name}.gz` : sent.name),
  };
  const { res } = context;
  // Either form of the same bytes is the one that the client has.
  if (answerConditions(context.req, [tag(''), tag('-gz')]) === 'not_modified') {
    write(context, 304, without(headers, 'Content-Type'));
    res.end();
    return;
  }
  const range = rangeOf(context.req, { total, tag: tag('') });
  const { from, to } = range ?? { from: 0, to: total };
  if (packs) headers['Content-Encoding'] = 'gzip';
  else headers['Content-Length'] = `${to - from}`;
  if (range !== undefined) headers['Content-Range'] = `bytes ${from}-${to - 1}/${total}`;
  write(context, range === undefined ? 200 : 206, headers);
  if (context.method === 'HEAD') {
    res.end();
    return;
  }
  const bytes = Readable.from(bytesOf(file, { prefix, from, to }), { objectMode: false });
  await (packs ? pipeline(bytes, createGzip({ level: 4 }), res) : pipeline(bytes, res));
}

function write(context: Context, status: number, headers: Readonly<Record<string, string>>): void {
  // Koa would answer by itself, and with 404.
  context.respond = false;
  for (const [name, value] of Object.entries(headers)) context.res.setHeader(name, value);
  context.res.writeHead(status);
}

async function beginning(file: FileHandle, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(Math.min(BYTE_ORDER_MARK.length, length));
  const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
  return buffer.subarray(0, bytesRead);
}

/** The bytes of the prefix and the file behind it, from one place up to another. */
async function* bytesOf(
  file: FileHandle,
  { prefix, from, to }: { readonly prefix: Buffer; readonly from: number; readonly to: number },
): AsyncGenerator<Buffer> {
  if (from < prefix.length) yield prefix.subarray(from, to);
  let position = Math.max(0, from - prefix.length);
  const end = to - prefix.length;
  while (position < end) {
    const size = Math.min(CHUNK_BYTES, end - position);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(size), 0, size, position);
    if (bytesRead === 0) throw new Error('the file was cut while it was sent');
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function without(
  headers: Readonly<Record<string, string>>,
  name: string,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
}
