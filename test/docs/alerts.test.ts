import { tryPage } from './tried-page.ts';

tryPage({
  page: 'docs/alerts.md',
  variables: ['base', 'alert', 'ROWMILL_SERVER'],
});
