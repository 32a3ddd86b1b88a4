import { z } from 'zod';
import type { SftpTest } from '../../engine/hosting/sftp-connections.ts';
import type { SftpEntry } from '../../engine/ports/sftp-session.ts';
import type { SftpDefinition, StoredSftpConnection } from '../../engine/ports/sftp-store.ts';
import { secretName } from '../../engine/task/secret-names.ts';

const Time = z.iso.datetime();
/** Unique in the account. */
export const SftpName = z
  .string()
  .regex(
    /^[A-Za-z\d][\w.-]{0,99}$/,
    'must be 1 to 100 letters, digits, _ . or -, the first no sign',
  )
  .meta({ description: 'Name of an SFTP connection', example: 'partner' });
export const OneSftp = z.object({ sftp_name: SftpName });

const SecretName = z
  .string()
  .regex(/^[A-Za-z][\w-]{0,99}$/, 'must be the name of a secret, such as PARTNER_SFTP');
const HostKey = z
  .string()
  .regex(
    /^SHA256:[A-Za-z\d+/]{43}$/,
    'must be a fingerprint as ssh-keygen -l shows it: SHA256: and 43 characters',
  );

const FIELDS = {
  host: z
    .string()
    .regex(/^[A-Za-z\d_:](?:[A-Za-z\d._:-]{0,252}[A-Za-z\d])?$/, 'must be a host or an address')
    .meta({ description: 'Name or address', example: 'sftp.partner.example' }),
  port: z.int().min(1).max(65_535).meta({ description: 'Default 22' }),
  user: z
    .string()
    .min(1)
    .max(100)
    .regex(/^\P{C}*$/u, 'must be one line of text'),
  password_secret: SecretName.nullable().meta({
    description: 'Name of the secret of the account that is its password',
    example: 'PARTNER_SFTP',
  }),
  private_key_secret: SecretName.nullable().meta({
    description: 'In place of a password: name of the secret that is a private key, PEM or OpenSSH',
  }),
  passphrase_secret: SecretName.nullable().meta({
    description: 'Name of the secret that opens the private key, where it is sealed',
  }),
  root: z
    .string()
    .min(1)
    .max(1_000)
    .regex(/^\P{C}*$/u, 'must be one line of text')
    .meta({ description: 'Folder of the server that all paths are below of', example: '/outbox' }),
  host_key: HostKey.nullable().meta({
    description:
      'Fingerprint of the key of the host. Null: the first test writes down the one that it sees, and until then nothing is done with the connection',
    example: 'SHA256:Yv8CPmGrGpbgo5ZqN9Xn2Ws9k3rJ6tQ4uL1oVfEwXyA',
  }),
  connect_timeout_seconds: z.int().min(1).max(120).meta({ description: 'To connect' }),
  timeout_seconds: z.int().min(1).max(600).meta({
    description: 'After so long without an answer the connection counts as lost',
  }),
};

/** An SFTP server that an account works with. */
export const NewSftp = z
  .strictObject({
    name: SftpName,
    ...FIELDS,
    port: FIELDS.port.default(22),
    password_secret: FIELDS.password_secret.default(null),
    private_key_secret: FIELDS.private_key_secret.default(null),
    passphrase_secret: FIELDS.passphrase_secret.default(null),
    root: FIELDS.root.default('.'),
    host_key: FIELDS.host_key.default(null),
    connect_timeout_seconds: FIELDS.connect_timeout_seconds.default(10),
    timeout_seconds: FIELDS.timeout_seconds.default(30),
  })
  .meta({ id: 'NewSftpConnection' });

/** What is changed of one; what is not named stays. */
export const SftpPatch = z.strictObject(FIELDS).partial().meta({ id: 'SftpConnectionPatch' });

/** An SFTP connection, as every answer shows it: no secret is in it. */
export const SftpBody = z
  .object({ name: SftpName, ...FIELDS, created_at: Time, updated_at: Time })
  .meta({ id: 'SftpConnection' });

/** What a test has seen. */
export const SftpTestBody = z
  .object({
    name: SftpName,
    host_key: HostKey,
    is_first: z.boolean().meta({ description: 'The key is written down from now on' }),
    software: z.string().meta({ description: 'What the server says that it is' }),
    root: z.string().meta({ description: 'What the server calls the root' }),
    files: z.int().min(0).meta({ description: 'In the root' }),
    folders: z.int().min(0),
  })
  .meta({ id: 'SftpTest' });

export const SftpEntryBody = z
  .object({
    name: z.string(),
    kind: z.enum(['file', 'folder', 'other']).meta({ description: 'other: a link, a device' }),
    bytes: z.int().min(0),
    modified_at: Time,
  })
  .meta({ id: 'SftpEntry' });

export function sftpWire({
  definition,
  hostKey,
  createdAtMs,
  updatedAtMs,
}: StoredSftpConnection): z.input<typeof SftpBody> {
  return {
    name: definition.name,
    host: definition.host,
    port: definition.port,
    user: definition.user,
    password_secret: definition.passwordSecret ?? null,
    private_key_secret: definition.privateKeySecret ?? null,
    passphrase_secret: definition.passphraseSecret ?? null,
    root: definition.root,
    host_key: hostKey ?? null,
    connect_timeout_seconds: definition.connectTimeoutSeconds,
    timeout_seconds: definition.timeoutSeconds,
    created_at: new Date(createdAtMs).toISOString(),
    updated_at: new Date(updatedAtMs).toISOString(),
  };
}

export function sftpTestWire({
  connection,
  server,
  isFirst,
  files,
  folders,
}: SftpTest): z.input<typeof SftpTestBody> {
  const { name } = connection.definition;
  const { hostKey, software, root } = server;
  return { name, host_key: hostKey, is_first: isFirst, software, root, files, folders };
}

export function sftpEntryWire({ modifiedMs, ...entry }: SftpEntry): z.input<typeof SftpEntryBody> {
  return { ...entry, modified_at: new Date(modifiedMs).toISOString() };
}

export function sftpDefinition(wire: z.output<typeof NewSftp>): SftpDefinition {
  return {
    name: wire.name,
    host: wire.host,
    port: wire.port,
    user: wire.user,
    passwordSecret: named(wire.password_secret),
    privateKeySecret: named(wire.private_key_secret),
    passphraseSecret: named(wire.passphrase_secret),
    root: wire.root,
    connectTimeoutSeconds: wire.connect_timeout_seconds,
    timeoutSeconds: wire.timeout_seconds,
  };
}

function named(secret: string | null): string | undefined {
  return secret === null ? undefined : secretName(secret);
}
