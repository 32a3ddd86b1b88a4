import { tryPage } from './tried-page.ts';

tryPage({
  page: 'docs/http-guide.md',
  variables: ['base', 'run', 'slow', 'draft', 'child', 'key'],
  hasSamples: true,
});
