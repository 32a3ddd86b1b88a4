import { tryPage } from './tried-page.ts';

tryPage({
  page: 'docs/come-from-kazoo.md',
  variables: ['base', 'account', 'token', 'task', 'job', 'ROWMILL_SERVER'],
});
