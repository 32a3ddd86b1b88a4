import { RowmillError } from '../../errors.ts';

/** All of them would help nobody. */
const MAX_PROBLEMS = 20;
const MAX_SHOWN = 5;

/** What is wrong with the rows of a file, each with its line: told at once. */
export class RowProblems {
  readonly #name: string;
  readonly #problems: string[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  add(line: number, problem: string): void {
    this.#problems.push(`line ${line}: ${problem}`);
    if (this.#problems.length >= MAX_PROBLEMS) this.throwAny();
  }

  throwAny(): void {
    const problems = this.#problems;
    if (problems.length === 0) return;
    const more = problems.length - MAX_SHOWN;
    const shown = problems.slice(0, MAX_SHOWN).join('; ');
    throw new RowmillError(
      'input_refused',
      `${this.#name}: ${shown}${more > 0 ? `; and ${more} more` : ''}. Nothing was run`,
      { problems },
    );
  }
}
