/** Characters that are seen by nobody and copied along by spreadsheets and web pages. */
const INVISIBLE = /[\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF]/g;

/**
 * A cell without the dirt of copying: nothing invisible, spaces of all kinds as one space, none at the
 * ends, accents composed (NFC).
 */
export function tidy(cell: string): string {
  return TIDY_ASCII.test(cell) ? cell : tidied(cell);
}

/** What most cells are: 10 times faster to recognise than to tidy. */
const TIDY_ASCII = /^(?:[!-~]+(?: [!-~]+)*)?$/;

function tidied(cell: string): string {
  return cell.normalize('NFC').replaceAll(INVISIBLE, '').replaceAll(/\s+/g, ' ').trim();
}

/** What people write into a cell that has nothing to say. */
const NOTHING = new Set(
  `- -- --- . .. ? ?? / #n/a #nv n/a na n.a. nil none null unknown k.a. keine kein unbekannt aucun
  inconnu ninguno desconocido nessuno geen onbekend brak x xx xxx tbd`.split(/\s+/),
);

/** Whether a tidy cell only says that there is nothing. Not for names: Null and Na are names. */
export function saysNothing(cell: string): boolean {
  return cell === '' || NOTHING.has(cell.toLowerCase());
}
