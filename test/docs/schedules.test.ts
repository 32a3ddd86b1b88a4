import { tryPage } from './tried-page.ts';

tryPage({
  page: 'docs/schedules.md',
  variables: ['base', 'schedule', 'ROWMILL_SERVER'],
  hasSamples: true,
});
