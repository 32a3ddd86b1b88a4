import { isSingleByte, singleByteTable } from './single-byte-table.ts';

/** Text as its bytes in an encoding that is read in place, one latin1 character for each. */
export function encodeText(text: string, encoding: string): string {
  if (!isSingleByte(encoding)) return Buffer.from(text, 'utf8').toString('latin1');
  const characters = singleByteTable(encoding);
  return Array.from(text, (character) =>
    String.fromCharCode(Math.max(characters.indexOf(character), 0)),
  ).join('');
}
