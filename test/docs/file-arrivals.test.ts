import { tryPage } from './tried-page.ts';

tryPage({
  page: 'docs/file-arrivals.md',
  variables: ['base', 'ROWMILL_SERVER'],
});
