import { CsvError } from '../csv-error.ts';

/** 0x80 to 0x9F of windows-1252: the TextDecoder of Node 20 takes it for ISO-8859-1. 0 is not assigned. */
const WINDOWS_1252 = [
  0x20ac, 0, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0,
  0x17d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a,
  0x153, 0, 0x17e, 0x178,
];

/** 0x80 to 0xFF of the code pages of DOS that TextDecoder does not know. */
const DOS: Readonly<Record<string, string>> = {
  ibm850:
    'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u00AD±‗¾¶§÷¸°¨·¹³²■\u00A0',
  ibm852:
    'ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u00AD˝˛ˇ˘§÷¸°¨˙űŘř■\u00A0',
};

const tables = new Map<string, readonly string[]>();

/** Encodings in which a byte is a character and ASCII is ASCII: they are read where they lie. */
export function isSingleByte(encoding: string): boolean {
  return /^(ibm85[02]|windows-125[0-8]|windows-874|iso-8859-\d+(-i)?|koi8-[ru]|ibm866|macintosh|x-mac-cyrillic)$/.test(
    encoding,
  );
}

/** `cp850`, `IBM 852`, `dos-850`: the name of a code page of DOS that TextDecoder does not know. */
export function pageOfDos(label: string): string | undefined {
  const number = /^(?:cp|ibm|dos|oem)?[-_ ]?(85[02])$/i.exec(label.trim())?.[1];
  return number === undefined ? undefined : `ibm${number}`;
}

/** The 256 characters of a single-byte encoding; bytes that it does not have are shown as `\xNN`. */
export function singleByteTable(encoding: string): readonly string[] {
  const known = tables.get(encoding);
  if (known !== undefined) return known;
  if (!isSingleByte(encoding)) {
    throw new CsvError('unknown_encoding', `${encoding} is not an encoding of single bytes`);
  }
  const page = DOS[encoding];
  if (page !== undefined) {
    const ascii = Array.from({ length: 128 }, (_, byte) => String.fromCharCode(byte));
    const table = [...ascii, ...Array.from(page)];
    tables.set(encoding, table);
    return table;
  }
  const decoder = new TextDecoder(encoding);
  const table: string[] = [];
  for (let byte = 0; byte < 256; byte++) {
    const text =
      decoder.encoding === 'windows-1252' && byte >= 0x80 && byte < 0xa0
        ? String.fromCharCode(WINDOWS_1252[byte - 0x80] || byte)
        : decoder.decode(Uint8Array.of(byte));
    table.push(
      isAbsent(text, byte) ? `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}` : text,
    );
  }
  tables.set(encoding, table);
  return table;
}

/** TextDecoder gives U+FFFD, or the control character of the same number, for what is not assigned. */
function isAbsent(text: string, byte: number): boolean {
  const code = text.charCodeAt(0);
  return code === 0xfffd || (byte >= 0x80 && byte < 0xa0 && code === byte);
}
