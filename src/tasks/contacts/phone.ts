import type { CountryCode } from 'libphonenumber-js/max';
import { tidy } from '../plain-text.ts';

/** The parser of libphonenumber-js, loaded when a run opens: it takes 100 ms. */
export type PhoneLibrary = typeof import('libphonenumber-js/max');

/** A cleaned number, or what is wrong with it. */
export type CleanedPhone =
  | { readonly phone: string; readonly note?: string | undefined; readonly reason?: never }
  | { readonly phone?: never; readonly note?: never; readonly reason: string };

const SPREADSHEET_DAMAGE = /^[+-]?\d+(?:[.,]\d+)?[eE][+]?\d+$/;

/**
 * A phone number as E.164 (+33612345678). A number without its country's prefix is read as one of
 * `country` (ISO-2). An extension does not fit into E.164: it is left out and told in `note`.
 */
export function cleanPhone(
  cell: string,
  country: string | undefined,
  library: PhoneLibrary,
): CleanedPhone {
  const written = tidy(cell.normalize('NFKC'));
  if (SPREADSHEET_DAMAGE.test(written)) {
    return { reason: 'was damaged by a spreadsheet: its last digits are lost' };
  }
  const number = written
    .replace(/^(?:telefon|telephone|tel|phone|mobile|mobil|t|m)?[\s.:]*(?=[+(\d])/i, '')
    .replace(/^['’`]/, '')
    .replace(/^(\d+)[.,]0$/, '$1')
    .replace(/^00(?=[1-9])/, '+')
    .replace(/^(\+.*?)\(0\)/, '$1');
  const parsed = parse(number, country, library);
  if (parsed !== undefined) return parsed;
  const several = number
    .split(/[,;/|]| or | oder | ou /)
    .filter((part) => /\d{5}/.test(part.replaceAll(/\D/g, '')));
  if (several.length > 1 && several.every((part) => parse(part, country, library) !== undefined)) {
    return { reason: `holds ${several.length} phone numbers` };
  }
  return { reason: whyNot(number, country, library) };
}

function parse(
  number: string,
  country: string | undefined,
  library: PhoneLibrary,
): CleanedPhone | undefined {
  const { parsePhoneNumberFromString, isSupportedCountry } = library;
  const isKnown = country !== undefined && isSupportedCountry(country);
  const withPlus = isKnown ? withLostPlus(number, country, library) : undefined;
  const parsed = parsePhoneNumberFromString(withPlus ?? number, {
    ...(isKnown ? { defaultCountry: country } : {}),
    extract: false,
  });
  if (parsed === undefined || !parsed.isValid()) return undefined;
  const note = parsed.ext === undefined ? undefined : `its extension ${parsed.ext} left out`;
  return { phone: parsed.number, note };
}

/** Spreadsheets take the + off: 49711123456 is Stuttgart, and not a number of the area 04971. */
function withLostPlus(
  number: string,
  country: CountryCode,
  { getCountryCallingCode, parsePhoneNumberFromString }: PhoneLibrary,
): string | undefined {
  const digits = number.replaceAll(/[\s()./-]/g, '');
  if (!/^[1-9]\d+$/.test(digits) || !digits.startsWith(getCountryCallingCode(country))) {
    return undefined;
  }
  const parsed = parsePhoneNumberFromString(`+${digits}`);
  return parsed?.isValid() === true && parsed.country === country ? parsed.number : undefined;
}

function whyNot(
  number: string,
  country: string | undefined,
  { validatePhoneNumberLength, isSupportedCountry }: PhoneLibrary,
): string {
  const isInternational = number.startsWith('+');
  if (!/\d/.test(number)) return 'is not a phone number';
  if (!isInternational && (country === undefined || !isSupportedCountry(country))) {
    return 'has no country: it needs a country column, the argument default_country, or +';
  }
  const isKnown = country !== undefined && isSupportedCountry(country);
  const where = isInternational || country === undefined ? '' : ` of ${country}`;
  const length = validatePhoneNumberLength(number, isKnown ? country : undefined);
  if (length === 'TOO_SHORT') return `is too short for a phone number${where}`;
  if (length === 'TOO_LONG') return `is too long for a phone number${where}`;
  if (length === 'INVALID_COUNTRY') return 'is not a phone number: no country has this prefix';
  return `is not a phone number${where}`;
}
