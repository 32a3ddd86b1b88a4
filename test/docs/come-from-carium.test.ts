import { tryPage } from './tried-page.ts';

tryPage({
  page: 'docs/come-from-carium.md',
  variables: ['job', 'ROWMILL_SERVER'],
  programs: ['python3'],
});
