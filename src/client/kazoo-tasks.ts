import type { ApiClient, ApiRequest } from './api-client.ts';
import { downloadTo, type ByteSink } from './download.ts';
import { uploadBody, uploadSource } from './upload.ts';

/** Account of a server that asks for no key. */
const LOCAL = 'local';

/** The data of an answer in Kazoo's envelope. */
type Data = unknown;

/** The maintenance commands of Kazoo, as requests to the compatible base of a server. */
export class KazooTasks {
  readonly #client: ApiClient;
  readonly #key: string | undefined;
  readonly #stdout: ByteSink;

  constructor(
    client: ApiClient,
    { key, stdout }: { readonly key: string | undefined; readonly stdout: ByteSink },
  ) {
    this.#client = client;
    this.#key = key;
    this.#stdout = stdout;
  }

  /** What tasks there are: all, those of a category, or one. */
  async help(category: string | undefined, action: string | undefined): Promise<Data> {
    return this.#data({ method: 'GET', path: '/v2/tasks', query: { category, action } });
  }

  /** Tasks of an account, newest first, all of them. `before`: those created until then, in Gregorian seconds. */
  async tasks(account: string | undefined, before?: number): Promise<Data> {
    const query = { paginate: 'false', created_to: before };
    return this.#data({ method: 'GET', path: await this.#path(account), query });
  }

  async task(taskId: string): Promise<Data> {
    return this.#data({ method: 'GET', path: await this.#path(undefined, taskId) });
  }

  /** Writes a file of a task to standard output. */
  async file(taskId: string, which: 'input' | 'output'): Promise<void> {
    const path = `${await this.#path(undefined, taskId)}/${which}`;
    await downloadTo(this.#client, { path }, this.#stdout);
  }

  /** Creates a task, not started yet. */
  async add(
    task: { readonly category: string; readonly action: string; readonly path: string | undefined },
    account: string | undefined,
  ): Promise<Data> {
    const { category, action, path } = task;
    const source =
      path === undefined
        ? undefined
        : await uploadSource({ kind: 'file', path }, () => process.stdin);
    return this.#data({
      method: 'PUT',
      path: await this.#path(account),
      query: { category, action, file_name: source?.fileName },
      ...(source && uploadBody(source)),
    });
  }

  async start(taskId: string): Promise<Data> {
    return this.#change('PATCH', await this.#path(undefined, taskId));
  }

  async remove(taskId: string, account?: string): Promise<Data> {
    return this.#change('DELETE', await this.#path(account, taskId));
  }

  /** Runs a task once more, from its first row: a new task over the same input. */
  async restart(taskId: string): Promise<Data> {
    const path = await this.#path(undefined, taskId);
    const old = readOnly(await this.#data({ method: 'GET', path }));
    const input = await this.#client
      .send({ method: 'GET', path: `${path}/input` })
      .catch(() => undefined);
    const body =
      input === undefined
        ? {}
        : {
            headers: { 'content-type': 'text/csv' },
            body: { open: () => input.body, isOnce: true },
          };
    const query = { category: old.category, action: old.action, file_name: old.file_name };
    const made = await this.#data({
      method: 'PUT',
      path: await this.#path(undefined),
      query,
      ...body,
    });
    return this.start(readOnly(made).id);
  }

  #change(method: 'PATCH' | 'DELETE', path: string): Promise<Data> {
    return this.#data({ method, path, json: { data: {} } });
  }

  async #data(request: ApiRequest): Promise<Data> {
    // The envelope of the compatible base, which says no by its status.
    return ((await this.#client.json(request)) as { readonly data: Data }).data;
  }

  async #path(account: string | undefined, taskId?: string): Promise<string> {
    const tasks = `/v2/accounts/${encodeURIComponent(account ?? (await this.#account()))}/tasks`;
    return taskId === undefined ? tasks : `${tasks}/${encodeURIComponent(taskId)}`;
  }

  /** The account of the key. */
  async #account(): Promise<string> {
    if (this.#key === undefined) return LOCAL;
    const json = { data: { api_key: this.#key } };
    const data = await this.#data({ method: 'PUT', path: '/v2/api_auth', json });
    return (data as { readonly account_id: string }).account_id; // what a login gives
  }
}

interface ReadOnlyTask {
  readonly id: string;
  readonly category: string;
  readonly action: string;
  readonly file_name?: string;
}

function readOnly(data: Data): ReadOnlyTask {
  return (data as { readonly _read_only: ReadOnlyTask })._read_only; // what these routes give
}
