import { StringDecoder } from 'node:string_decoder';

/** A line that a handler has printed or logged. */
export interface LogLine {
  readonly stream: 'stdout' | 'stderr' | 'log';
  /** Of one that was logged. */
  readonly level?: string;
  readonly text: string;
}

/** Of a line, in characters: what is longer goes on in the next. */
const MOST_LINE = 4_096;
/** Of a stream in one call, in bytes. */
const MOST_BYTES = 256 * 1024;

/** The lines of what a process prints, as it prints them, up to a bound. */
export class LogLines {
  readonly #decoder = new StringDecoder('utf8');
  readonly #stream: 'stdout' | 'stderr';
  readonly #onLine: (line: LogLine) => void;
  #pending = '';
  #bytes = 0;

  constructor(stream: 'stdout' | 'stderr', onLine: (line: LogLine) => void) {
    this.#stream = stream;
    this.#onLine = onLine;
  }

  add(chunk: Buffer): void {
    const left = Math.max(0, MOST_BYTES - this.#bytes);
    this.#bytes += chunk.length;
    this.#pending += this.#decoder.write(chunk.subarray(0, left));
    for (let end = this.#lineEnd(); end !== -1; end = this.#lineEnd()) {
      this.#tell(this.#pending.slice(0, end));
      this.#pending = this.#pending.slice(this.#pending[end] === '\n' ? end + 1 : end);
    }
  }

  /** Tells the line without an end, and what was too much. */
  end(): void {
    this.#tell(this.#pending);
    this.#pending = '';
    const more = this.#bytes - MOST_BYTES;
    if (more > 0) this.#tell(`… and ${more} bytes more of ${this.#stream}`);
  }

  #lineEnd(): number {
    const end = this.#pending.indexOf('\n');
    if (end !== -1 && end <= MOST_LINE) return end;
    return this.#pending.length > MOST_LINE ? MOST_LINE : -1;
  }

  #tell(line: string): void {
    const text = line.trimEnd();
    if (text !== '') this.#onLine({ stream: this.#stream, text });
  }
}
