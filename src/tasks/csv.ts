export { reshape } from './csv/reshape.ts';
