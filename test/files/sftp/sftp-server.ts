import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  link,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  unlink,
  type FileHandle,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Stats } from 'node:fs';
import ssh2, { type Attributes, type Connection, type SFTPWrapper } from 'ssh2';

const { OPEN_MODE, STATUS_CODE } = ssh2.utils.sftp;

export const USER = 'rowmill';
export const PASSWORD = 'a password of a test';

/** What a server can be like. */
interface SftpServerOptions {
  readonly folder?: string;
  readonly port?: number;
  /** Private keys of the host. Default: one, of its own. */
  readonly hostKeys?: readonly string[];
  /** A public key that is let in beside the password. */
  readonly publicKey?: string;
  /** The password is asked for, as servers with PAM do. */
  readonly asksForPassword?: boolean;
  /** It has `posix-rename@openssh.com`. Default: as OpenSSH. */
  readonly hasPosixRename?: boolean;
}

type IsRefused = (request: string, paths: readonly string[]) => boolean;

/** An SFTP server of a test, over a folder. It renames as OpenSSH does: never over what is there. */
export interface TestSftpServer {
  readonly port: number;
  readonly folder: string;
  /** Fingerprints of the keys of the host. */
  readonly fingerprints: readonly string[];
  /** Names of the requests that came, in order. */
  readonly requests: string[];
  readonly connections: number;
  /** Cuts the connection at the next request of that name, or a later one, before or after it is done. */
  cutAt(request: string, when: 'before' | 'after', which?: number): void;
  /** Answers nothing from the next request of that name on; `SUBSYSTEM`: that SFTP is to begin. */
  hangAt(request: string): void;
  /** Refuses the requests of which this is true, by their name and the paths in them. */
  refuse(isRefused: IsRefused): void;
  /** Says of every file that it has so many bytes. */
  claimSizes(bytes: number): void;
  /** Lists files in every folder for ever, so many with each answer. */
  listEndlessly(files: number): void;
  /** Cuts all connections. */
  cut(): void;
  /** Stops; its folder stays. */
  stop(): Promise<void>;
  close(): Promise<void>;
}

export function newHostKey(kind: 'ed25519' | 'ecdsa' = 'ed25519'): string {
  return readableKeys(() =>
    kind === 'ed25519'
      ? ssh2.utils.generateKeyPairSync('ed25519')
      : ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }),
  ).private;
}

/** Of every few hundred keys that the library makes there is one that it cannot read. */
export function readableKeys<Keys extends { readonly private: string }>(
  make: () => Keys,
  passphrase?: string,
): Keys {
  for (;;) {
    const made = make();
    if (!(ssh2.utils.parseKey(made.private, passphrase) instanceof Error)) return made;
  }
}

export async function startSftpServer(options: SftpServerOptions = {}): Promise<TestSftpServer> {
  const { hostKeys = [newHostKey()], hasPosixRename = true } = options;
  const folder = options.folder ?? (await realpath(await mkdtemp(join(tmpdir(), 'rowmill-sftp-'))));
  const requests: string[] = [];
  const clients = new Set<Connection>();
  let connections = 0;
  let cut: { request: string; when: 'before' | 'after'; left: number } | undefined;
  let hang: string | undefined;
  let refuses: IsRefused = () => false;
  const lies: Lies = { size: undefined, listed: undefined };
  const cutAll = (): void => {
    for (const client of clients) Reflect.get(client, '_sock').destroy();
  };
  /** False: it is not to be done, or not to be answered. */
  const passes = (request: string, when: 'before' | 'after'): boolean => {
    if (when === 'before') requests.push(request);
    if (hang === request) return false;
    if (cut?.request !== request || cut.when !== when) return true;
    cut.left -= 1;
    if (cut.left > 0) return true;
    cut = undefined;
    cutAll();
    return false;
  };
  const server = new ssh2.Server({ hostKeys: [...hostKeys] }, (client) => {
    clients.add(client);
    Reflect.get(client, '_sock').setNoDelay(true);
    connections += 1;
    client.on('close', () => clients.delete(client));
    client.on('error', () => undefined);
    client.on('authentication', (context) => {
      const isUser = context.username === USER;
      const ways = options.asksForPassword === true ? ['keyboard-interactive'] : ['password'];
      const refuse = (): void =>
        context.reject([...ways, 'publickey'] as Parameters<typeof context.reject>[0]);
      if (context.method === 'password' && options.asksForPassword !== true) {
        if (isUser && context.password === PASSWORD) context.accept();
        else refuse();
      } else if (context.method === 'keyboard-interactive' && options.asksForPassword === true) {
        context.prompt([{ prompt: 'Password: ', echo: false }], ([answer]) => {
          if (isUser && answer === PASSWORD) context.accept();
          else refuse();
        });
      } else if (context.method === 'publickey' && options.publicKey !== undefined && isUser) {
        const key = ssh2.utils.parseKey(options.publicKey);
        if (key instanceof Error || !context.key.data.equals(key.getPublicSSH())) refuse();
        else if (context.signature === undefined || context.blob === undefined) context.accept();
        else if (key.verify(context.blob, context.signature, context.hashAlgo)) {
          context.accept();
        } else refuse();
      } else refuse();
    });
    client.on('ready', () => {
      client.on('session', (accept) => {
        accept().on('sftp', (acceptSftp) => {
          if (hang === 'SUBSYSTEM') return;
          const sftp = acceptSftp();
          if (hasPosixRename) advertise(sftp);
          const isRefused: IsRefused = (request, paths) => refuses(request, paths);
          serveFolder(sftp, { folder, passes, isRefused, hasPosixRename, lies });
        });
      });
    });
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    cutAll();
    if (Reflect.get(server, '_srv').listening === true) {
      server.close();
      await once(server, 'close');
    }
  };
  return {
    port: Number(Object(server.address()).port),
    folder,
    fingerprints: hostKeys.map(fingerprintOf),
    requests,
    get connections() {
      return connections;
    },
    cutAt: (request, when, which = 1) => (cut = { request, when, left: which }),
    hangAt: (request) => (hang = request),
    refuse: (isRefused) => (refuses = isRefused),
    claimSizes: (bytes) => void (lies.size = bytes),
    listEndlessly: (files) => void (lies.listed = files),
    cut: cutAll,
    stop,
    async close() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function fingerprintOf(privateKey: string): string {
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  const hash = createHash('sha256').update(key.getPublicSSH()).digest('base64');
  return `SHA256:${hash.replace(/=+$/, '')}`;
}

/** The library has no words for extensions of its server: its version message is made longer. */
function advertise(sftp: SFTPWrapper): void {
  const protocol = Reflect.get(sftp, '_protocol');
  const channelData = protocol.channelData.bind(protocol);
  const texts = ['posix-rename@openssh.com', '1'].map((text) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, Buffer.from(text)]);
  });
  protocol.channelData = (id: number, data: Buffer) => {
    if (data[4] !== 2 || data.length !== 9) {
      channelData(id, data);
      return;
    }
    protocol.channelData = channelData;
    const longer = Buffer.concat([data, ...texts]);
    longer.writeUInt32BE(longer.length - 4);
    channelData(id, longer);
  };
}

/** What is done for a request. Gives how it is answered, where that is not by "done". */
interface Requests {
  act(id: number, ...given: readonly unknown[]): Promise<(() => void) | void>;
}

interface Served {
  readonly folder: string;
  readonly passes: (request: string, when: 'before' | 'after') => boolean;
  readonly isRefused: IsRefused;
  readonly hasPosixRename: boolean;
  readonly lies: Lies;
}

/** What it says that is not so. */
interface Lies {
  size: number | undefined;
  listed: number | undefined;
}

type Handle = { readonly file: FileHandle } | { readonly path: string; isRead: boolean };

function serveFolder(
  sftp: SFTPWrapper,
  { folder, passes, isRefused, hasPosixRename, lies }: Served,
): void {
  const handles = new Map<string, Handle>();
  let lastHandle = 0;
  const hold = (handle: Handle): Buffer => {
    lastHandle += 1;
    const name = String(lastHandle);
    handles.set(name, handle);
    return Buffer.from(name);
  };
  const fileOf = (handle: Buffer): FileHandle => {
    const found = handles.get(handle.toString());
    if (found === undefined || !('file' in found)) throw new Error('no such handle');
    return found.file;
  };
  const attrsOf = (stats: Stats): Attributes => {
    const attrs = trueAttrsOf(stats);
    return lies.size === undefined || !stats.isFile() ? attrs : { ...attrs, size: lies.size };
  };
  let listed = 0;
  const placeOf = (path: string): string => resolve(folder, `./${path}`);
  const on = (request: string, act: Requests['act']): void => {
    sftp.on(request, (id: number, ...given: readonly unknown[]) => {
      void (async () => {
        if (!passes(request, 'before')) return;
        let answer = (): void => sftp.status(id, STATUS_CODE.OK);
        try {
          const paths = given.filter((each) => typeof each === 'string');
          if (isRefused(request, paths)) throw new Error('it does not want to');
          answer = (await act(id, ...given)) ?? answer;
        } catch (error) {
          const status = statusOf(error);
          answer = () => sftp.status(id, status);
        }
        if (passes(request, 'after')) answer();
      })();
    });
  };
  on('REALPATH', async (id, path: string) => {
    const attrs = attrsOf(await stat(folder));
    const filename = path === '.' || path === '/' ? '/' : `/${path.replace(/^\.?\//, '')}`;
    return () => sftp.name(id, [{ filename, longname: filename, attrs }]);
  });
  on('STAT', async (id, path: string) => {
    const attrs = attrsOf(await stat(placeOf(path)));
    return () => sftp.attrs(id, attrs);
  });
  on('LSTAT', async (id, path: string) => {
    const attrs = attrsOf(await lstat(placeOf(path)));
    return () => sftp.attrs(id, attrs);
  });
  on('FSTAT', async (id, handle: Buffer) => {
    const attrs = attrsOf(await fileOf(handle).stat());
    return () => sftp.attrs(id, attrs);
  });
  on('OPENDIR', async (id, path: string) => {
    await readdir(placeOf(path));
    return () => sftp.handle(id, hold({ path: placeOf(path), isRead: false }));
  });
  on('READDIR', async (id, handle: Buffer) => {
    const found = handles.get(handle.toString());
    if (found === undefined || 'file' in found) throw new Error('no such handle');
    if (lies.listed !== undefined) {
      const attrs = { ...attrsOf(await stat(folder)), mode: 0o100644, size: 4 };
      const names = Array.from({ length: lies.listed }, () => `f${(listed += 1)}.csv`);
      return () =>
        sftp.name(
          id,
          names.map((filename) => ({ filename, longname: '', attrs })),
        );
    }
    if (found.isRead) return () => sftp.status(id, STATUS_CODE.EOF);
    found.isRead = true;
    // Names are bytes, which need be no UTF-8.
    const names = [Buffer.from('.'), ...(await readdir(found.path, { encoding: 'buffer' }))];
    const entries = await Promise.all(
      names.map(async (name) => {
        const path = Buffer.concat([Buffer.from(`${found.path}/`), name]);
        const attrs = attrsOf(await lstat(path));
        const filename = name.toString();
        return { filename, longname: filename, attrs };
      }),
    );
    return () => sftp.name(id, entries);
  });
  on('OPEN', async (id, path: string, flags: number) => {
    const isWrite = (flags & OPEN_MODE.WRITE) !== 0;
    const file = await open(placeOf(path), isWrite ? 'w' : 'r');
    return () => sftp.handle(id, hold({ file }));
  });
  on('READ', async (id, handle: Buffer, offset: number, length: number) => {
    // Less than it is asked for, as servers may.
    const most = Math.min(length, 20_000);
    const { bytesRead, buffer } = await fileOf(handle).read(Buffer.alloc(most), 0, most, offset);
    if (bytesRead === 0) return () => sftp.status(id, STATUS_CODE.EOF);
    return () => sftp.data(id, buffer.subarray(0, bytesRead));
  });
  on('WRITE', async (_, handle: Buffer, offset: number, data: Buffer) => {
    const copy = Buffer.from(data);
    await fileOf(handle).write(copy, 0, copy.length, offset);
  });
  on('CLOSE', async (_, handle: Buffer) => {
    const found = handles.get(handle.toString());
    handles.delete(handle.toString());
    if (found !== undefined && 'file' in found) await found.file.close();
  });
  on('REMOVE', async (_, path: string) => unlink(placeOf(path)));
  on('MKDIR', async (_, path: string) => mkdir(placeOf(path)));
  on('RMDIR', async (_, path: string) => rmdir(placeOf(path)));
  on('RENAME', async (_, from: string, to: string) => {
    const [source, target] = [placeOf(from), placeOf(to)];
    if ((await lstat(source)).isFile()) {
      await link(source, target);
      await unlink(source).catch(async (error: unknown) => {
        await unlink(target);
        throw error;
      });
      return;
    }
    if (await isThere(target)) throw new Error('it is there');
    await rename(source, target);
  });
  on('EXTENDED', async (id, name: string, data: Buffer) => {
    if (name !== 'posix-rename@openssh.com' || !hasPosixRename) {
      return () => sftp.status(id, STATUS_CODE.OP_UNSUPPORTED);
    }
    const length = data.readUInt32BE();
    const from = data.subarray(4, 4 + length).toString();
    const to = data.subarray(8 + length).toString();
    await rename(placeOf(from), placeOf(to));
    return undefined;
  });
  sftp.on('close', () => {
    for (const handle of handles.values()) if ('file' in handle) void handle.file.close();
    handles.clear();
  });
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}

function trueAttrsOf({ mode, uid, gid, size, atimeMs, mtimeMs }: Stats): Attributes {
  const seconds = (ms: number): number => Math.floor(ms / 1_000);
  return { mode, uid, gid, size, atime: seconds(atimeMs), mtime: seconds(mtimeMs) };
}

function statusOf(error: unknown): number {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return STATUS_CODE.NO_SUCH_FILE;
  return code === 'EACCES' || code === 'EPERM'
    ? STATUS_CODE.PERMISSION_DENIED
    : STATUS_CODE.FAILURE;
}
