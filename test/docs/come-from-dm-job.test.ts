import { tryPage } from './tried-page.ts';

tryPage({
  page: 'docs/come-from-dm-job.md',
  variables: ['uid', 'ROWMILL_SERVER'],
  hasSamples: true,
});
