import { PassThrough, type Duplex, type Readable } from 'node:stream';

/** Streams come in frames: a byte for which one, three of nothing, four for the length. */
const HEAD_BYTES = 8;
const STDERR = 2;

/** The two streams of a container that is attached to. They end with the connection. */
export function framedStreams(connection: Duplex): {
  readonly stdout: Readable;
  readonly stderr: Readable;
} {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  void (async () => {
    try {
      for await (const { stream, content } of frames(connection)) {
        const to = stream === STDERR ? stderr : stdout;
        if (!to.write(content)) await new Promise((resolve) => to.once('drain', resolve));
      }
    } catch {
      // It was cut: whoever reads sees the end, and asks how the container stands.
    } finally {
      stdout.end();
      stderr.end();
    }
  })();
  return { stdout, stderr };
}

/** What was printed, up to so many bytes. */
export async function framedContent(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly content: Uint8Array; readonly isCut: boolean }> {
  const kept: Uint8Array[] = [];
  let bytes = 0;
  for await (const { content } of frames(body)) {
    kept.push(content.subarray(0, maxBytes - bytes));
    bytes += content.length;
    if (bytes > maxBytes) return { content: Buffer.concat(kept), isCut: true };
  }
  return { content: Buffer.concat(kept), isCut: false };
}

async function* frames(
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ readonly stream: number; readonly content: Uint8Array }> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= HEAD_BYTES && rest.length >= HEAD_BYTES + rest.readUInt32BE(4)) {
      const end = HEAD_BYTES + rest.readUInt32BE(4);
      yield { stream: rest[0] ?? 0, content: rest.subarray(HEAD_BYTES, end) };
      rest = rest.subarray(end);
    }
  }
}
