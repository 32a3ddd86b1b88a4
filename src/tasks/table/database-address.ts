import { ArgumentFault, type Argument } from '../task-arguments.ts';
import { parseTemplate } from '../template.ts';

/** Where a database is, with its secrets filled in. */
export type DatabaseAddress =
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string };

const POSTGRES = /^postgres(?:ql)?:\/\//i;
const SCHEME = /^[a-z][a-z\d+-]+:\/\//i;

/** The argument `database`. A password in it is refused: arguments are stored with the run. */
export function databaseArgument(): Argument<string> {
  return {
    schema: {
      type: 'string',
      // On a server a caller names no file and no host of the machine: who runs it does.
      'x-rowmill-on-server': 'secret',
      description:
        'File of a SQLite database, or postgres://user@host/name. A password comes from {{secret:NAME}}, PGPASSWORD or ~/.pgpass.',
    },
    isRequired: true,
    read(given) {
      if (typeof given !== 'string' || given.trim() === '') {
        throw new ArgumentFault('must be a file or postgres://…');
      }
      const written = given.trim();
      parseTemplate(written);
      if (SCHEME.test(written) && !POSTGRES.test(written) && !/^(?:sqlite|file):/i.test(written)) {
        throw new ArgumentFault('must be a SQLite file or begin with postgres://');
      }
      const password =
        /^[a-z]+:\/\/[^/?#@]*?:([^@]*)@/i.exec(written)?.[1] ??
        /[?&]password=([^&]*)/i.exec(written)?.[1];
      if (password !== undefined && !/^\{\{\s*secret:[^{}]+\}\}$/.test(password)) {
        throw new ArgumentFault(
          'holds a password, and arguments are stored with the run: use {{secret:NAME}} or PGPASSWORD',
        );
      }
      return written;
    },
  };
}

/** Fills the secrets in. One that is a part of a URL is URL-encoded; one that is all of it is not. */
export function databaseAddress(
  written: string,
  secretOf: (name: string) => string,
): DatabaseAddress {
  const parts = parseTemplate(written);
  const filled = parts
    .map((part) => {
      if (part.kind === 'text') return part.text;
      if (part.kind === 'column')
        throw new Error(
          `database: there are no cells in it, so {{${part.name}}} stands for nothing`,
        );
      return parts.length === 1 ? secretOf(part.name) : encodeURIComponent(secretOf(part.name));
    })
    .join('');
  if (POSTGRES.test(filled)) return { kind: 'postgres', url: filled };
  return { kind: 'sqlite', path: filled.replace(/^(?:sqlite|file):(?:\/\/(?=\/|[^/]))?/i, '') };
}
