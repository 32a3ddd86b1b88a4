export { exportQuery } from './table/export.ts';
export { upsert } from './table/upsert.ts';
