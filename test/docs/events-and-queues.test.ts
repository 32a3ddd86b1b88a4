import { tryPage } from './tried-page.ts';

tryPage({
  page: 'docs/events-and-queues.md',
  variables: ['base', 'queue', 'ROWMILL_SERVER'],
  hasSamples: true,
});
