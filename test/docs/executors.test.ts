import { startFakeEngine } from '../executors/container/fake-engine.ts';
import { tryPage } from './tried-page.ts';

tryPage({
  page: 'docs/executors.md',
  variables: ['ROWMILL_SERVER'],
  programs: ['python3'],
  others: [
    {
      shownUrl: 'tcp://127.0.0.1:2375',
      // It stands for an engine: it executes in a sandbox of this machine.
      async start() {
        const engine = await startFakeEngine(0);
        return { origin: engine.url, close: () => engine.close() };
      },
    },
  ],
});
