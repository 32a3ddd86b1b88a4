import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

const SERVER = `
const { parentPort, workerData } = require('node:worker_threads');
const { createJiti } = require('jiti');
createJiti(workerData).import(workerData).then(async ({ startSftpServer }) => {
  const server = await startSftpServer();
  parentPort.postMessage([server.port, server.folder]);
});
`;

/** The SFTP server that pages speak to, in a thread: that of the tests waits for each command. */
export const SFTP_SERVER = {
  shownUrl: '127.0.0.1 --port 2222',
  async start() {
    const workerData = join(import.meta.dirname, 'sftp-server.ts');
    const worker = new Worker(SERVER, { eval: true, workerData });
    const [[port, folder]] = await once(worker, 'message');
    return {
      origin: `127.0.0.1 --port ${String(port)}`,
      async close() {
        await worker.terminate();
        await rm(String(folder), { recursive: true, force: true });
      },
    };
  },
};
