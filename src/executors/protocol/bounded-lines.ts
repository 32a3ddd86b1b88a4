/** Thrown where a line goes on beyond its bound. */
export class LineTooLongError extends Error {
  override readonly name = 'LineTooLongError';
}

/** The lines of a stream, without their ends. What follows the last end is no line. */
export async function* boundedLines(
  stream: AsyncIterable<Buffer>,
  mostBytes: number,
): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, from);
      const part = chunk.subarray(from, end === -1 ? chunk.length : end);
      parts.push(part);
      length += part.length;
      if (length > mostBytes) throw new LineTooLongError(`a line of more than ${mostBytes} bytes`);
      if (end === -1) break;
      yield Buffer.concat(parts).toString();
      [parts, length, from] = [[], 0, end + 1];
    }
  }
}
