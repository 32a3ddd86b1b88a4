import picocolors from 'picocolors';
import type { OutputStream } from './host.ts';
import { visible, visibleJson } from './visible-text.ts';

/** Lines are handed over together: a write for each is most of the time of a million of them. */
const PAGE_CHARACTERS = 16 * 1024;

export type ColorMode = 'auto' | 'always' | 'never';
export type Colors = ReturnType<typeof picocolors.createColors>;

/** Thrown where output goes on after its reader has gone: the command ends without a word. */
export class PipeClosedError extends Error {
  override readonly name = 'PipeClosedError';
}

/** stdout for data, stderr for people, and whether each of them has colours. */
export class Screen {
  readonly #stdout: OutputStream;
  readonly #stderr: OutputStream;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  #mode: ColorMode;
  #isPipeClosed = false;

  constructor(
    { stdout, stderr }: { readonly stdout: OutputStream; readonly stderr: OutputStream },
    environment: Readonly<Record<string, string | undefined>>,
    mode: ColorMode,
  ) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#environment = environment;
    this.#mode = mode;
  }

  set colorMode(mode: ColorMode) {
    this.#mode = mode;
  }

  /** The reader of stdout has gone: nothing is written there any more. */
  closePipe(): void {
    this.#isPipeClosed = true;
  }

  get isPipeClosed(): boolean {
    return this.#isPipeClosed;
  }

  get stdoutIsTerminal(): boolean {
    return this.#stdout.isTTY === true;
  }

  get stderrIsTerminal(): boolean {
    return this.#stderr.isTTY === true;
  }

  /** Whether a cursor can be moved on stderr. */
  get stderrCanRedraw(): boolean {
    return this.stderrIsTerminal && this.#environment['TERM'] !== 'dumb';
  }

  /** Width to fit tables into: without a terminal nothing is cut. */
  get stdoutWidth(): number {
    return this.stdoutIsTerminal ? this.#stdout.columns || 80 : Number.POSITIVE_INFINITY;
  }

  get stderrWidth(): number {
    return this.stderrIsTerminal ? this.#stderr.columns || 80 : Number.POSITIVE_INFINITY;
  }

  get stdoutHasColors(): boolean {
    return this.#hasColors(this.stdoutIsTerminal);
  }

  get stderrHasColors(): boolean {
    return this.#hasColors(this.stderrIsTerminal);
  }

  get outColors(): Colors {
    return picocolors.createColors(this.stdoutHasColors);
  }

  get errColors(): Colors {
    return picocolors.createColors(this.stderrHasColors);
  }

  /** One line of data on stdout. What comes from files and cells must be `visible` text by now. */
  out(line: string): void {
    this.raw(`${line}\n`);
  }

  /** Data on stdout as it is. */
  raw(text: string): void {
    if (this.#isPipeClosed) throw new PipeClosedError();
    this.#stdout.write(text);
  }

  /** The machine's answer on stdout. */
  json(value: unknown): void {
    this.out(visibleJson(value, 2));
  }

  /** Many lines on stdout, no faster than they are taken. */
  async stream(lines: AsyncIterable<string>): Promise<void> {
    let page = '';
    for await (const line of lines) {
      if (this.#isPipeClosed) throw new PipeClosedError();
      page += `${line}\n`;
      if (page.length < PAGE_CHARACTERS) continue;
      await this.#take(page);
      page = '';
    }
    if (page !== '') await this.#take(page);
  }

  async #take(page: string): Promise<void> {
    if (!this.#stdout.write(page)) await this.#drained();
  }

  /** A line for people on stderr. */
  err(line = ''): void {
    this.#stderr.write(`${line}\n`);
  }

  /** `warning: …` on stderr. */
  warn(message: string): void {
    this.err(`${this.errColors.yellow('warning:')} ${visible(message)}`);
  }

  #hasColors(isTerminal: boolean): boolean {
    if (this.#mode !== 'auto') return this.#mode === 'always';
    const force = this.#environment['FORCE_COLOR'];
    if (this.#environment['NO_COLOR']) return false;
    if (force !== undefined && force !== '') return force !== '0' && force !== 'false';
    return isTerminal && this.#environment['TERM'] !== 'dumb';
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const events = ['drain', 'close', 'error'] as const;
      const done = (): void => {
        for (const event of events) this.#stdout.removeListener(event, done);
        resolve();
      };
      for (const event of events) this.#stdout.once(event, done);
    });
  }
}
