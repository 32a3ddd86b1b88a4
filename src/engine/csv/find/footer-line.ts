/** What programs write below a table: recognised by what it says. */
const COUNTED = String.raw`(?:rows?|records?|record\(s\)|row\(s\)|entries|items?|lines?|results?|zeilen?|datensätze|datensatz|einträge|lignes?|enregistrements?|filas?|registros?|righe|rijen|wierszy|строк[аи]?|записей|件|条|筆|건)`;
const COUNT = new RegExp(
  String.raw`^\(?\s*\d[\d.,' ]*\s*${COUNTED}(?:\s+(?:affected|selected|returned|found|total|in set|exported|downloaded|gefunden|exportiert|selected)\b.*)?\s*[).]*$`,
  'iu',
);
const COUNT_NAMED = new RegExp(
  String.raw`^(?:total|number of|anzahl(?: der)?|nombre(?: de)?|nombre total de)?\s*(?:number of\s*)?${COUNTED}(?: count)?\s*[:=]\s*\d+\.?$`,
  'iu',
);
const END =
  /^(?:[-*=#_~<[( ]+\s*)?(?:end|eof|ende|fin)(?: (?:of|der|du|de)\b.*)?[-*=#_~>\]). ]*$/iu;
const TOTAL =
  /^(?:grand total|sub-?totals?|totals?|sum|summe|gesamt|gesamtsumme|gesamtbetrag|gesamtergebnis|zwischensumme|insgesamt|total général|totaux|somme|totale|total general|totaal|suma|razem|celkem|összesen|итого|всего|разом|toplam|σύνολο|合計|総計|小計|合计|总计|小计|總計|합계|총계)[\s:]*$/iu;
const TOTAL_OF = /^(?:grand totals?|sub-?totals?|totals?|gesamt|summe|итого)\s*:/iu;
const NOTE =
  /^(?:footnote|note|notes|source|sources|quelle|stand|generated|created|exported|report|page|seite|end of|copyright|©|\(c\)|\*|---|===|-- |# |disclaimer|remark|anmerkung|hinweis)/iu;
const MADE_BY =
  /^(?:(?:report )?(?:generated|created|exported|printed|downloaded)(?: (?:by|on|at|from|with)\b|:)|(?:erstellt|exportiert)(?: (?:am|von|mit)\b|:)|(?:généré|exporté)e?(?: (?:par|le)\b| :)|generado (?:por|el)\b|copyright (?:©|\(c\)|\d)|©)/iu;
const TRAILER = /^(?:trl|trailer|ftr|footer|eof)$/i;

/** What a line below a table may say. */
export type FooterKind = 'count' | 'end' | 'total' | 'total_of' | 'made_by' | 'trailer' | 'note';

/** What the first filled cell of a record says, where a footer says such things. */
export function footerKind(text: string): FooterKind | undefined {
  if (COUNT.test(text) || COUNT_NAMED.test(text)) return 'count';
  if (END.test(text)) return 'end';
  if (TOTAL.test(text)) return 'total';
  if (TOTAL_OF.test(text)) return 'total_of';
  if (TRAILER.test(text)) return 'trailer';
  if (MADE_BY.test(text)) return 'made_by';
  return NOTE.test(text) ? 'note' : undefined;
}

/** A cell as a number, whatever the signs of thousands, decimals and money; undefined: it is none. */
export function parseAmount(cell: string): number | undefined {
  const digits = cell.replaceAll(/[\s'’\u00A0$£€¥]|USD|EUR|GBP|CHF|PLN/g, '');
  if (!/^[-+]?[\d.,]*\d[-+]?$/.test(digits)) return undefined;
  const decimals = /[.,](\d{1,2})[-+]?$/.exec(digits)?.[1]?.length ?? 0;
  const value = Number(digits.replaceAll(/\D/g, '')) / 10 ** decimals;
  return digits.includes('-') ? -value : value;
}
