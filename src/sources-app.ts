import { readdir } from 'node:fs/promises';
import { databaseClass, type SourceItem } from './engine/automation/item-source.ts';
import { isNameMeant } from './engine/automation/triggers/file.ts';
import { RowmillError } from './engine/errors.ts';
import type { SourceItems } from './engine/ports/source-store.ts';
import type { FileRoots } from './files/local/file-roots.ts';
import type { SqlDatabase } from './stores/sql/sql-database.ts';
import { SqlSourceStore } from './stores/sql/sql-source-store.ts';
import { environmentSecret } from './system/environment-secrets.ts';
import { postgresDatabases } from './system/postgres-databases.ts';

/** The sources of a server, and what looks into them. */
export function openSources(database: SqlDatabase, roots: FileRoots) {
  const store = new SqlSourceStore(database);
  const items: SourceItems = {
    async list({ accountId, definition }) {
      switch (definition.kind) {
        case 'databases': {
          const names = await postgresDatabases(addressOf(definition.secret), definition.secret);
          return inOrder(names, (name) => databaseClass(definition, name));
        }
        case 'accounts':
          return inOrder(await store.accounts(), () => 'accounts');
        case 'files': {
          const folder = await roots.folder(definition.folder, accountId);
          const entries = await readdir(folder, { withFileTypes: true });
          const names = entries
            .filter((entry) => entry.isFile() && isNameMeant(definition.glob, entry.name))
            .map(({ name }) => name);
          return inOrder(names, () => 'files');
        }
      }
    },
  };
  return { store, items };
}

function addressOf(secret: string): string {
  const address = environmentSecret(process.env, secret);
  if (address !== undefined) return address;
  const message = `there is no secret ${secret} of the server: who runs it sets ROWMILL_SECRET_${secret}`;
  throw new RowmillError('usage', message);
}

function inOrder(
  names: readonly string[],
  classOf: (name: string) => string,
): readonly SourceItem[] {
  return [...names]
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => ({ name, itemClass: classOf(name) }));
}
