import { tryPage } from './tried-page.ts';

tryPage({ page: 'docs/come-from-clinspark.md', variables: ['ROWMILL_SERVER'] });
