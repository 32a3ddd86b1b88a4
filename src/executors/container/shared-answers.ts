interface AskedAnswer<Answer> {
  readonly answer: Promise<Answer>;
  /** Aborted where nobody waits for it any more. */
  readonly stop: AbortController;
  waiting: number;
  isThere: boolean;
}

/** Answers that take long and are the same for everybody: asked for once, and kept unless that fails. */
export class SharedAnswers<Answer> {
  readonly #asked = new Map<string, AskedAnswer<Answer>>();

  /**
   * Throws the reason of the signal as soon as that is aborted: others go on waiting. Where nobody does, the
   * signal that `ask` was given is aborted.
   */
  async get(
    key: string,
    signal: AbortSignal,
    ask: (signal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> {
    signal.throwIfAborted();
    const asked = this.#asked.get(key) ?? this.#ask(key, ask);
    asked.waiting += 1;
    try {
      return await unlessAborted(asked.answer, signal);
    } finally {
      asked.waiting -= 1;
      if (asked.waiting === 0 && !asked.isThere) {
        this.#forget(key, asked);
        asked.stop.abort();
      }
    }
  }

  #ask(key: string, ask: (signal: AbortSignal) => Promise<Answer>): AskedAnswer<Answer> {
    const stop = new AbortController();
    const asked = { answer: ask(stop.signal), stop, waiting: 0, isThere: false };
    this.#asked.set(key, asked);
    void this.#follow(key, asked);
    return asked;
  }

  async #follow(key: string, asked: AskedAnswer<Answer>): Promise<void> {
    try {
      await asked.answer;
      asked.isThere = true;
    } catch {
      this.#forget(key, asked);
    }
  }

  /** It may have been asked for anew meanwhile. */
  #forget(key: string, asked: AskedAnswer<Answer>): void {
    if (this.#asked.get(key) === asked) this.#asked.delete(key);
  }
}

/** What comes of some work, or the reason of the signal if that is aborted before. */
export async function unlessAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    // An AbortSignal of a platform has an error as its reason.
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
  });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
