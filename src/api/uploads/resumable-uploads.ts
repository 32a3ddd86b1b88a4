import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { FileStore } from '@tus/file-store';
import { Server, type Upload } from '@tus/server';
import type { Drafts } from '../../engine/hosting/drafts.ts';
import type { Draft } from '../../engine/ports/draft-store.ts';
import type { MakeId } from '../../engine/ports/ids.ts';
import type { UploadFiles } from '../../engine/ports/upload-files.ts';
import type { Actor } from '../actor.ts';
import { expectBody } from '../expected-body.ts';
import { ApiProblem, type ProblemCode } from '../problem.ts';
import { draftWishes } from './draft-wishes.ts';
import { readMetadata, writeMetadata } from './tus-metadata.ts';

const PATH = '/v1/uploads';

/** What resumable uploads work with. */
export interface ResumablePorts {
  /** Keeps what has come so far. */
  readonly store: FileStore;
  readonly uploads: UploadFiles;
  readonly drafts: Drafts;
  readonly makeId: MakeId;
}

/** How far an upload is. */
export interface UploadState {
  readonly uploadId: string;
  readonly offset: number;
  /** Undefined where it was not said yet. */
  readonly bytes: number | undefined;
  /** The draft it has become. */
  readonly draftId: string | undefined;
}

/** Uploads by the tus protocol, in as many requests as it takes. What is whole becomes a draft. */
export class ResumableUploads {
  readonly #ports: ResumablePorts;
  readonly #server: Server;
  /** Drafts that are being made: the same upload is finished once. */
  readonly #finishing = new Map<string, Promise<Draft>>();

  constructor(ports: ResumablePorts, { maxBytes }: { readonly maxBytes: number }) {
    this.#ports = ports;
    this.#server = new Server({
      path: PATH,
      datastore: ports.store,
      maxSize: maxBytes,
      relativeLocation: true,
      namingFunction: () => ports.makeId('upl'),
    });
  }

  /** Removes uploads that nobody has gone on with; gives how many. */
  removeExpired(): Promise<number> {
    return this.#ports.store.deleteExpired();
  }

  /** Begins an upload of the caller's. */
  async create(request: IncomingMessage, actor: Actor): Promise<UploadState> {
    const said = readMetadata(request.headers['upload-metadata']);
    draftWishes(said);
    const { accountId: account_id, authAccountId: auth_account_id } = actor;
    const metadata = writeMetadata({ ...said, account_id, auth_account_id });
    const answer = await this.#ask(request, { 'upload-metadata': metadata });
    return this.#stateOf((answer.headers.get('location') ?? '').split('/').at(-1) ?? '');
  }

  /** Takes what comes next of an upload. */
  async append(request: IncomingMessage, uploadId: string, actor: Actor): Promise<UploadState> {
    await this.#own(uploadId, actor);
    await this.#ask(request, {});
    return this.#stateOf(uploadId);
  }

  /** How far an upload of the caller's is; one that is whole and has no draft yet becomes one. */
  async get(uploadId: string, actor: Actor): Promise<UploadState> {
    const draft = await this.#draftOf(uploadId);
    if (draft !== undefined) {
      if (draft.accountId !== actor.accountId) throw unknown(uploadId);
      const { draftId, bytes } = draft;
      return { uploadId, offset: bytes, bytes, draftId };
    }
    await this.#own(uploadId, actor);
    return this.#stateOf(uploadId);
  }

  async remove(request: IncomingMessage, uploadId: string, actor: Actor): Promise<void> {
    await this.#own(uploadId, actor);
    await this.#ask(request, {});
  }

  async #own(uploadId: string, { accountId }: Actor): Promise<void> {
    const upload = await this.#upload(uploadId);
    if (upload?.metadata?.['account_id'] !== accountId) throw unknown(uploadId);
  }

  async #upload(uploadId: string): Promise<Upload | undefined> {
    // Our own id, and no path.
    if (!/^upl_[\w-]+$/.test(uploadId)) return undefined;
    return this.#ports.store.getUpload(uploadId).catch(() => undefined);
  }

  #draftOf(uploadId: string): Promise<Draft | undefined> {
    return this.#ports.drafts.get(draftIdOf(uploadId));
  }

  async #stateOf(uploadId: string): Promise<UploadState> {
    const upload = await this.#upload(uploadId);
    if (upload === undefined) throw unknown(uploadId);
    const { offset, size: bytes } = upload;
    if (offset !== bytes) return { uploadId, offset, bytes, draftId: undefined };
    const finishing = this.#finishing.get(uploadId) ?? this.#finish(upload);
    this.#finishing.set(uploadId, finishing);
    try {
      return { uploadId, offset, bytes, draftId: (await finishing).draftId };
    } finally {
      this.#finishing.delete(uploadId);
    }
  }

  /** The file of an upload that is whole becomes that of a draft. */
  async #finish({ id, metadata, storage }: Upload): Promise<Draft> {
    const { store, uploads, drafts } = this.#ports;
    const file = await uploads.adopt(storage?.path ?? '', { id });
    try {
      const draft = await drafts.create(file, {
        ...draftWishes(metadata ?? {}),
        draftId: draftIdOf(id),
        owner: {
          accountId: metadata?.['account_id'] ?? '',
          authAccountId: metadata?.['auth_account_id'] ?? '',
        },
      });
      await store.remove(id);
      return draft;
    } catch (error) {
      await uploads.remove(file.path);
      throw error;
    }
  }

  /** Lets the protocol answer. Throws what it refuses. */
  async #ask(
    request: IncomingMessage,
    headers: Readonly<Record<string, string>>,
  ): Promise<Response> {
    const { method = 'GET', url = '/' } = request;
    const hasBody = request.headers['content-type'] !== undefined;
    if (hasBody) expectBody(request);
    const asked = new Request(new URL(url, 'http://localhost'), {
      method,
      headers: { ...headersOf(request), ...headers },
      // Node's own type of the stream is the one of the browser.
      ...(hasBody
        ? { body: Readable.toWeb(request) as ReadableStream<Uint8Array>, duplex: 'half' as const }
        : {}),
    });
    const answer = await this.#server.handleWeb(asked);
    if (answer.status < 400) return answer;
    const message = (await answer.text()).trim();
    const code = CODES[answer.status];
    if (code === undefined && answer.status >= 500) throw new Error(`tus: ${message}`);
    // What has not come of the body is not read: nothing else can come by this connection.
    const rest = request.complete ? {} : { Connection: 'close' };
    throw new ApiProblem(code ?? 'bad_request', `tus: ${message}`, { headers: rest });
  }
}

/** What the protocol answers with, in our codes. 410 is for what was there once: nobody needs to know. */
const CODES: Readonly<Record<number, ProblemCode>> = {
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  410: 'not_found',
  412: 'precondition_failed',
  413: 'too_large',
  415: 'unsupported_media_type',
  507: 'disk_full',
};

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' && TUS_HEADERS.test(name) ? [[name, value]] : [],
    ),
  );
}

/** The headers that the protocol looks at. */
const TUS_HEADERS = /^(?:tus-.*|upload-.*|content-type|content-length)$/;

/** The id of a draft says of which upload it was made. */
function draftIdOf(uploadId: string): string {
  return uploadId.replace(/^upl_/, 'drf_');
}

function unknown(uploadId: string): ApiProblem {
  return new ApiProblem('not_found', `there is no upload ${uploadId}`);
}
