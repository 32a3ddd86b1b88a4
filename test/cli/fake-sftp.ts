import type { SftpDesk, ShownSftp } from '../../src/engine/hosting/sftp-desk.ts';

const CONNECTION: ShownSftp = {
  name: 'partner',
  host: 'sftp.partner.example',
  port: 22,
  user: 'acme',
  root: '.',
  hostKey: undefined,
  json: { name: 'partner', host: 'sftp.partner.example' },
};

/** SFTP connections of a server that is not there. */
export function fakeSftp(): SftpDesk {
  return {
    list: async () => [CONNECTION],
    show: async () => CONNECTION,
    add: async () => CONNECTION,
    change: async () => CONNECTION,
    remove: async () => undefined,
    test: async () => ({
      host_key: `SHA256:${'a'.repeat(43)}`,
      is_first: true,
      software: 'OpenSSH_9.6',
      root: '/home/acme',
      files: 2,
      folders: 1,
    }),
    files: async () => [
      { name: 'orders.csv', kind: 'file', bytes: 12, modified_at: '2026-11-21T09:30:00Z' },
    ],
    get: async () => undefined,
    put: async () => undefined,
    removeFile: async () => undefined,
  };
}
