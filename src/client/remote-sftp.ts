import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type {
  SftpDesk,
  ShownSftp,
  ShownSftpEntry,
  ShownSftpTest,
} from '../engine/hosting/sftp-desk.ts';
import { messageOf, RowmillError } from '../engine/errors.ts';
import type { ApiClient, ApiRequest } from './api-client.ts';
import { downloadFile, downloadTo, type ByteSink } from './download.ts';
import { pagesOf } from './pages.ts';

type JsonObject = Readonly<Record<string, unknown>>;

interface SftpWire extends JsonObject {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly root: string;
  readonly host_key: string | null;
}

/** The SFTP connections of an account on a server, through its HTTP API. */
export class RemoteSftp implements SftpDesk {
  readonly #client: ApiClient;
  readonly #stdout: () => ByteSink;

  constructor(client: ApiClient, stdout: () => ByteSink) {
    this.#client = client;
    this.#stdout = stdout;
  }

  async list(): Promise<readonly ShownSftp[]> {
    const found: ShownSftp[] = [];
    for await (const item of pagesOf(this.#client, '/v1/sftp-connections')) {
      found.push(shown(item as SftpWire)); // what the route says it gives
    }
    return found;
  }

  async show(name: string): Promise<ShownSftp> {
    return shown(await this.#ask<SftpWire>({ method: 'GET', path: pathOf(name) }));
  }

  async add(connection: JsonObject): Promise<ShownSftp> {
    const request = { method: 'POST', path: '/v1/sftp-connections', json: connection } as const;
    return shown(await this.#ask<SftpWire>(request));
  }

  async change(name: string, patch: JsonObject): Promise<ShownSftp> {
    return shown(await this.#ask<SftpWire>({ method: 'PATCH', path: pathOf(name), json: patch }));
  }

  async remove(name: string): Promise<void> {
    await this.#client.text({ method: 'DELETE', path: pathOf(name) });
  }

  test(name: string): Promise<ShownSftpTest> {
    return this.#ask<ShownSftpTest>({ method: 'POST', path: `${pathOf(name)}/test` });
  }

  async files(name: string, folder: string): Promise<readonly ShownSftpEntry[]> {
    const request = { method: 'GET', path: `${pathOf(name)}/files`, query: { folder } } as const;
    return (await this.#ask<{ readonly data: readonly ShownSftpEntry[] }>(request)).data;
  }

  async get(name: string, path: string, target: string | undefined): Promise<void> {
    const download = { path: filePath(name, path) };
    if (target === undefined) await downloadTo(this.#client, download, this.#stdout());
    else await downloadFile(this.#client, download, target);
  }

  async put(name: string, path: string, source: string): Promise<void> {
    const found = await stat(source).catch((cause: unknown) => {
      throw new RowmillError('input_not_found', `${source}: ${messageOf(cause)}`, { cause });
    });
    if (!found.isFile()) throw new RowmillError('usage', `${source}: expected a file`);
    await this.#client.text({
      method: 'PUT',
      path: filePath(name, path),
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(found.size) },
      body: { open: () => createReadStream(source), isOnce: false },
    });
  }

  async removeFile(name: string, path: string): Promise<void> {
    await this.#client.text({ method: 'DELETE', path: filePath(name, path) });
  }

  async #ask<Answer>(request: ApiRequest): Promise<Answer> {
    return (await this.#client.json(request)) as Answer; // what these routes say they give
  }
}

function pathOf(name: string): string {
  return `/v1/sftp-connections/${encodeURIComponent(name)}`;
}

function filePath(name: string, path: string): string {
  return `${pathOf(name)}/file?${new URLSearchParams({ path }).toString()}`;
}

function shown(json: SftpWire): ShownSftp {
  const { name, host, port, user, root, host_key: hostKey } = json;
  return { name, host, port, user, root, hostKey: hostKey ?? undefined, json };
}
