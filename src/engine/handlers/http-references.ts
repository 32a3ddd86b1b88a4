import { defineReferences } from './define-references.ts';

/** Of what is read, in bytes. */
const MOST_READ = 16 * 1024 * 1024;

/** Addresses of the web: read by GET, written by PUT. The token of a job goes to none of them. */
export const httpReferences = defineReferences({
  schemes: ['http', 'https'],
  async resolve(address, { fetch, signal }) {
    const response = await fetch(address, {
      redirect: 'manual',
      signal,
      headers: { accept: 'application/json, */*' },
    });
    refuseStatus(address, response);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > MOST_READ) throw new Error(`${address} is longer than ${MOST_READ} bytes`);
      chunks.push(chunk);
    }
    const text = new TextDecoder().decode(Buffer.concat(chunks));
    const isJson = /\bjson\b/i.test(response.headers.get('content-type') ?? '');
    return isJson ? (JSON.parse(text) as unknown) : text;
  },
  async write(address, content, { fetch, signal }) {
    const response = await fetch(address, {
      method: 'PUT',
      redirect: 'manual',
      signal,
      headers: { 'content-type': 'application/octet-stream' },
      body: content.slice(),
    });
    refuseStatus(address, response);
    await response.body?.cancel();
  },
});

function refuseStatus(address: string, { status }: Response): void {
  if (status < 200 || status >= 300)
    throw new Error(`${address} answered with the HTTP status ${status}`);
}
