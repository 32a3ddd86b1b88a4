/** A stream whose next item can be looked at. */
export class Peek<T> {
  readonly #items: AsyncGenerator<T>;
  #next: IteratorResult<T, unknown> | undefined;

  constructor(items: AsyncGenerator<T>) {
    this.#items = items;
  }

  async peek(): Promise<T | undefined> {
    this.#next ??= await this.#items.next();
    return this.#next.done === true ? undefined : this.#next.value;
  }

  take(): void {
    this.#next = undefined;
  }

  async close(): Promise<void> {
    await this.#items.return(undefined);
  }
}
