import { ANSWERING_SERVICE } from './answering-service.ts';
import { tryPage } from './tried-page.ts';

tryPage({
  page: 'docs/come-from-linkcare.md',
  variables: ['service', 'ROWMILL_SERVER'],
  others: [ANSWERING_SERVICE],
});
