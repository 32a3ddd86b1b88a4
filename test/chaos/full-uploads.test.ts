import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ChaosFolder, prepareBuild, until, type Begun } from './chaos-folder.ts';
import { smallDisk, unmountAll } from './small-disk.ts';

const MIB = 1024 * 1024;
const HEADER = 'id,name,note\n';
const ROW = '1,a name,a note of some length\n';

let folder: ChaosFolder;
let server: Begun;
let url: string;

beforeAll(prepareBuild, 120_000);
beforeEach(async () => {
  folder = await ChaosFolder.make();
  const disk = await smallDisk(folder.at('.rowmill/uploads'), 8 * 1_024);
  server = folder.begin(['serve', '--port', '0'], disk);
  let listening: string | undefined;
  await until('the server listens', () => {
    listening = /listening on (http\S+)/.exec(server.stderr())?.[1];
    if (server.isOver()) throw new Error(`it did not start: ${server.stderr()}`);
    return listening !== undefined;
  });
  url = listening ?? '';
}, 60_000);
afterEach(async () => {
  server.child.kill('SIGTERM');
  await server.ended;
  await unmountAll();
  await folder.remove();
}, 60_000);

/** A CSV of so many bytes at least. */
function csvOf(bytes: number): Blob {
  return new Blob([HEADER, ROW.repeat(Math.ceil(bytes / ROW.length))], { type: 'text/csv' });
}

/** Bytes of all files that were received, and of what is left of others. */
async function bytesKept(): Promise<number> {
  const uploads = folder.at('.rowmill/uploads');
  const names = await readdir(uploads, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function problemOf(answer: Response): Promise<unknown> {
  const problem: unknown = await answer.json();
  return { status: answer.status, problem };
}

const FULL = {
  status: 507,
  problem: expect.objectContaining({
    code: 'disk_full',
    detail: expect.not.stringContaining('/') as string,
  }) as unknown,
};

describe('an upload to a disk that is full', () => {
  it.each([
    ['a raw one', (body: Blob): RequestInit => ({ body, headers: { 'content-type': 'text/csv' } })],
    [
      'a form',
      (body: Blob): RequestInit => {
        const form = new FormData();
        form.append('file', body, 'large.csv');
        return { body: form };
      },
    ],
  ])(
    'is refused as such, %s, and leaves nothing behind',
    async (_, init) => {
      const drafts = `${url}/v1/drafts?task=chaos/plain`;
      const refused = await fetch(drafts, { method: 'POST', ...init(csvOf(12 * MIB)) });
      expect(await problemOf(refused)).toEqual(FULL);
      await until('nothing is left', async () => (await bytesKept()) === 0);
      const taken = await fetch(drafts, { method: 'POST', ...init(csvOf(4 * MIB)) });
      expect(taken.status).toBe(201);
    },
    60_000,
  );

  it('stands where it stood where it is resumable', async () => {
    const tus = { 'tus-resumable': '1.0.0' };
    const first = csvOf(3 * MIB);
    const rest = csvOf(9 * MIB);
    const length = String(first.size + rest.size);
    const made = await fetch(`${url}/v1/uploads`, {
      method: 'POST',
      headers: { ...tus, 'upload-length': length },
    });
    expect(made.status).toBe(201);
    const upload = new URL(made.headers.get('location') ?? '', url).href;
    const send = (body: Blob, offset: number): Promise<Response> =>
      fetch(upload, {
        method: 'PATCH',
        headers: {
          ...tus,
          'upload-offset': String(offset),
          'content-type': 'application/offset+octet-stream',
        },
        body,
      });
    expect((await send(first, 0)).status).toBe(204);
    expect(await problemOf(await send(rest, first.size))).toEqual(FULL);
    const head = await fetch(upload, { method: 'HEAD', headers: tus });
    expect(head.headers.get('upload-offset')).toBe(String(first.size));
    expect((await fetch(upload, { method: 'DELETE', headers: tus })).status).toBe(204);
    expect(await bytesKept()).toBe(0);
  }, 60_000);
});
