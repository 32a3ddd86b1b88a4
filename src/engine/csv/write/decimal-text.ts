const SMALL = Array.from({ length: 1_000 }, (_, number) => String(number));
const LAST_THREE = SMALL.map((text) => text.padStart(3, '0'));

/**
 * What `String` gives for a count or an offset, put together three digits at a time. V8 keeps the last
 * 16,384 texts that it made of numbers: a text for each failed row outlives the young generation there and
 * lies in the old one until that is collected. A run of 10,000,000 rows took 9 MiB more for it
 * (`node bench/run.mjs size`).
 */
export function decimalText(number: number): string {
  if (!Number.isSafeInteger(number) || number < 1_000) return SMALL[number] ?? String(number);
  const thousands = Math.floor(number / 1_000);
  return decimalText(thousands) + (LAST_THREE[number - thousands * 1_000] ?? '');
}
