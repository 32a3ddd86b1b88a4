import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** In a thread: that of the tests waits for each command. */
const SERVICE = `
const { createServer } = require('node:http');
const { parentPort } = require('node:worker_threads');
const server = createServer((request, response) => {
  const message = 'Patient import result: Success: 0, Failed: 0';
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ code: 'success', message, error_details: [] }));
}).listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

/** The service that pages about services call: it answers `success`, whatever is sent. */
export const ANSWERING_SERVICE = {
  shownUrl: 'http://127.0.0.1:9090',
  async start() {
    const worker = new Worker(SERVICE, { eval: true });
    const [port] = await once(worker, 'message');
    return {
      origin: `http://127.0.0.1:${String(port)}`,
      close: async () => void (await worker.terminate()),
    };
  },
};
