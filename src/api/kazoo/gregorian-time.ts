/** Seconds from the year 0 to 1970, as Erlang counts them. */
const YEAR_1970 = 62_167_219_200;

export function gregorianSeconds(ms: number): number {
  return Math.floor(ms / 1000) + YEAR_1970;
}

export function msOfGregorian(seconds: number): number {
  return (seconds - YEAR_1970) * 1000;
}
