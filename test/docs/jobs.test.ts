import { tryPage } from './tried-page.ts';

tryPage({
  page: 'docs/jobs.md',
  variables: ['base', 'job', 'run', 'counter', 'revision', 'ROWMILL_SERVER'],
  hasSamples: true,
});
