import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { RunHalted } from '../../index.ts';
import { messageOf } from '../error-message.ts';

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 500;
const CONNECT_TIMEOUT_MS = 10_000;
const SESSION = "SET datestyle = 'ISO'; SET timezone = 'UTC'; SET bytea_output = 'hex'";

/** A connection that is made again when it breaks. */
export class PostgresConnection {
  readonly #url: string;
  readonly #signal: AbortSignal;
  readonly #session: string;
  #client: pg.Client | undefined;

  constructor(
    url: string,
    signal: AbortSignal,
    { readOnly = false }: { readonly readOnly?: boolean } = {},
  ) {
    this.#url = url;
    this.#signal = signal;
    this.#session = readOnly ? `${SESSION}; SET default_transaction_read_only = on` : SESSION;
  }

  /**
   * Does work that may be done twice, and does it again when the connection broke, the server restarted
   * or two transactions were in each other's way. Throws RunHalted when the fifth attempt fails as well.
   */
  async use<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work(await this.#connected());
      } catch (error) {
        await this.close();
        if (!isPassing(error)) throw error;
        if (attempt === ATTEMPTS) throw unreachable(error);
        await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1), undefined, { signal: this.#signal });
      }
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    // A broken connection cannot say goodbye, and need not.
    await client?.end().catch(() => undefined);
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    // Loaded here, because a SQLite file needs no driver of another database.
    const { default: driver } = await import('pg');
    const client = new driver.Client({
      connectionString: this.#url,
      application_name: 'rowmill',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      // Everything as the server writes it: no number through a JavaScript one, no date in local time.
      types: { getTypeParser: () => (value: string) => value },
    });
    // Told to whoever waits for an answer; without a listener it would end the process.
    client.on('error', () => {
      if (this.#client === client) this.#client = undefined;
    });
    await client.connect();
    // Not as `options` of the connection: an address can set those otherwise, and poolers refuse them.
    await client.query(this.#session);
    this.#client = client;
    return client;
  }
}

/** Of the network, of a server that starts or stops, of transactions in each other's way. */
function isPassing(error: unknown): boolean {
  const code = errorCode(error);
  return (
    /^(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EAI_AGAIN|08...|57P0.|40001|40P01|55P03|53300)$/.test(
      code,
    ) || /connection (?:terminated|timeout)|timeout expired|not queryable/i.test(messageOf(error))
  );
}

/** The SQLSTATE or the code of the system; empty when there is none. */
export function errorCode(error: unknown): string {
  if (error instanceof AggregateError) return errorCode(error.errors[0]);
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}

/** Every other row would fail for it too, so the run ends here, to be resumed. */
function unreachable(error: unknown): RunHalted {
  // An empty message is what the driver gives when several addresses of one host refused.
  const reason = messageOf(error) || errorCode(error);
  return new RunHalted(`the database cannot be reached: ${reason}`, { cause: error });
}
