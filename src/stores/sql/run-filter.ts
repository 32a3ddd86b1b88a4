import { sql, type Expression, type ExpressionBuilder, type SqlBool } from 'kysely';
import type { RunFilter } from '../../engine/ports/hosted-run-store.ts';
import type { StoreSchema } from './schema.ts';

/** The condition of a filter. */
export function isMeant(filter: RunFilter) {
  const { accountId, status, task, fileName, createdFromMs, createdBeforeMs, parentId } = filter;
  return (where: ExpressionBuilder<StoreSchema, 'runs'>) => {
    const terms: Expression<SqlBool>[] = [
      where('deleted_at', filter.isDeleted === true ? 'is not' : 'is', null),
    ];
    if (accountId !== undefined) terms.push(where('account_id', '=', accountId));
    if (status !== undefined) terms.push(where('status', 'in', [...status]));
    if (task !== undefined) terms.push(where('task', '=', task));
    if (parentId !== undefined) terms.push(where('parent_id', '=', parentId));
    if (createdFromMs !== undefined) terms.push(where('created_at', '>=', createdFromMs));
    if (createdBeforeMs !== undefined) terms.push(where('created_at', '<', createdBeforeMs));
    if (fileName !== undefined) {
      const text = fileName.toLowerCase().replaceAll(/[\\%_]/g, String.raw`\$&`);
      terms.push(sql<SqlBool>`file_name_folded like ${`%${text}%`} escape '\\'`);
    }
    return where.and(terms);
  };
}
