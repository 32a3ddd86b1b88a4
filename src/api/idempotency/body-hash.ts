import { createHash, type Hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { expectBody } from '../expected-body.ts';

/** The SHA-256 of a body as it comes, whoever reads it. */
export class BodyHash {
  readonly #request: IncomingMessage;
  readonly #hash: Hash = createHash('sha256');
  /** Stands between the parts of a form, and is another at each attempt: it does not count. */
  readonly #boundary: Buffer | undefined;
  #rest = Buffer.alloc(0);

  private constructor(request: IncomingMessage) {
    this.#request = request;
    const boundary = /;\s*boundary="?([^";]{1,70})/i.exec(
      request.headers['content-type'] ?? '',
    )?.[1];
    this.#boundary = boundary === undefined ? undefined : Buffer.from(boundary);
  }

  /** Listens to the body of a request from its first byte: called before anything has waited. */
  static of(request: IncomingMessage): BodyHash {
    const hash = new BodyHash(request);
    // A listener for `data` would take the body from who reads it.
    const push = request.push.bind(request);
    request.push = (chunk: unknown, encoding?: BufferEncoding) => {
      if (chunk instanceof Buffer) hash.#update(chunk);
      return push(chunk, encoding);
    };
    return hash;
  }

  /** The hash of the whole body: what nobody has read is read here. */
  async hex(): Promise<string> {
    const request = this.#request;
    if (!request.readableEnded && !request.destroyed) {
      expectBody(request);
      request.resume();
      await new Promise<void>((resolve, reject) => {
        request.once('end', resolve).once('error', reject).once('close', resolve);
      });
    }
    return this.#hash.copy().update(this.#rest).digest('hex');
  }

  #update(chunk: Buffer): void {
    const boundary = this.#boundary;
    if (boundary === undefined) {
      this.#hash.update(chunk);
      return;
    }
    const bytes = Buffer.concat([this.#rest, chunk]);
    let from = 0;
    for (let at = bytes.indexOf(boundary); at !== -1; at = bytes.indexOf(boundary, from)) {
      this.#hash.update(bytes.subarray(from, at)).update('\0');
      from = at + boundary.length;
    }
    // The last bytes may be the beginning of one.
    const kept = Math.max(from, bytes.length - boundary.length + 1);
    this.#hash.update(bytes.subarray(from, kept));
    this.#rest = bytes.subarray(kept);
  }
}
