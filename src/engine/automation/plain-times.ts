// What the settings read as well, at every start: no library is loaded for it.

/** hh:mm or hh:mm:ss. */
export const TIME_OF_DAY = /^(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?$/;

/** The longest interval, in seconds. */
export const LONGEST_INTERVAL_S = 366 * 24 * 60 * 60;

/** Whether IANA has a time zone of this name. */
export function isTimeZone(name: string): boolean {
  // An offset knows no summer time, and is hardly what was meant.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}
