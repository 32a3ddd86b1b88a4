export { clean } from './contacts/clean.ts';
export { dedupe } from './contacts/dedupe.ts';
