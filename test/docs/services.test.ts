import { ANSWERING_SERVICE } from './answering-service.ts';
import { tryPage } from './tried-page.ts';

tryPage({
  page: 'docs/services.md',
  variables: ['base', 'service', 'ROWMILL_SERVER'],
  others: [ANSWERING_SERVICE],
});
