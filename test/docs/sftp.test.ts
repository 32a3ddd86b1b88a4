import { SFTP_SERVER } from '../files/sftp/sftp-server-thread.ts';
import { tryPage } from './tried-page.ts';

tryPage({
  page: 'docs/sftp.md',
  variables: ['ROWMILL_SERVER'],
  programs: ['python3'],
  hasSamples: true,
  others: [SFTP_SERVER],
});
