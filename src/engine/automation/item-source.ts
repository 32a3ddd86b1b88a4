import { z } from 'zod';
import { isQuick, QUICK_RULE } from './triggers/file.ts';

/** What a database is for, by its name, as Kazoo has it. */
const DATABASE_CLASSES = ['account', 'monthly', 'system', 'other'] as const;

type DatabaseClass = (typeof DATABASE_CLASSES)[number];

const Pattern = z
  .string()
  .max(300)
  .refine((text) => isPattern(text), { error: 'is no regular expression' });

/** Those of Kazoo: `account…`, `account…-YYYYMM`, and its own ones. */
const KAZOO = {
  monthly: '^account.*-\\d{6}$',
  account: '^account',
  system:
    '^(accounts|alerts|anonymous_cdrs|dedicated_ips|faxes|global_provisioner|oauth|offnet|pending_notifications|port_requests|postgres|ratedeck|services|sip_auth|system_.*|tasks|token_auth|webhooks)$',
};

const DatabasesSource = z
  .strictObject({
    kind: z.literal('databases'),
    secret: z
      .string()
      .regex(/^[A-Z][A-Z\d_]{0,99}$/, {
        error: 'must be capitals, digits and _, such as TELEPHONY',
      })
      .meta({
        description:
          'Address of the PostgreSQL server: a secret of the server itself, which its owner sets as `ROWMILL_SECRET_…`',
        example: 'TELEPHONY',
      }),
    classes: z
      .strictObject({
        monthly: Pattern.default(KAZOO.monthly),
        system: Pattern.default(KAZOO.system),
        account: Pattern.default(KAZOO.account),
      })
      .prefault({})
      .meta({
        description: 'Regular expressions of names, looked at in this order; the rest is `other`',
      }),
  })
  .meta({ id: 'DatabasesSource', description: 'The databases of a PostgreSQL server' });

const AccountsSource = z
  .strictObject({ kind: z.literal('accounts') })
  .meta({ id: 'AccountsSource', description: 'The accounts of this server; only an admin has it' });

const FilesSource = z
  .strictObject({
    kind: z.literal('files'),
    folder: z.string().min(1).max(1_000).meta({
      description: 'Its whole path, below a folder of the setting `fileRoots`',
    }),
    glob: z.string().min(1).max(200).refine(isQuick, { error: QUICK_RULE }).default('*'),
  })
  .meta({
    id: 'FilesSource',
    description: 'The files of a folder of the server, which stay there',
  });

/** What there is one call for each of. */
export const ItemSource = z
  .discriminatedUnion('kind', [DatabasesSource, AccountsSource, FilesSource])
  .meta({ id: 'ItemSource' });

export type ItemSourceDefinition = z.output<typeof ItemSource>;

/** One of what a source has. */
export interface SourceItem {
  readonly name: string;
  /** Of a database: what it is for; of all else the kind of the source. */
  readonly itemClass: string;
}

/** Whether a source has such a class. */
export function classesOf({ kind }: ItemSourceDefinition): readonly string[] {
  return kind === 'databases' ? DATABASE_CLASSES : [kind];
}

/** What a database is for. */
export function databaseClass(
  { classes }: Extract<ItemSourceDefinition, { readonly kind: 'databases' }>,
  name: string,
): DatabaseClass {
  const found = (['monthly', 'system', 'account'] as const).find((each) =>
    new RegExp(classes[each]).test(name),
  );
  return found ?? 'other';
}

function isPattern(text: string): boolean {
  // What is repeated as a group, or more than twice, can take for ever.
  if (/\)\s*[*+{]/.test(text)) return false;
  if ((text.match(/[*+]|\{\d*,\d*\}/g) ?? []).length > 2) return false;
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
