import { tryPage } from './tried-page.ts';

tryPage({
  page: 'docs/handlers.md',
  variables: ['base', 'uid', 'ROWMILL_SERVER'],
  hasSamples: true,
});
