/** Records that are remembered at most: 16 bytes each. What comes beyond is compared with these only. */
const MAX_REMEMBERED = 2_000_000;
const FIRST_CAPACITY = 4_096;

/**
 * Tells records that were there before, by 64 bits of their bytes: two different ones of a million are
 * taken for one in 37 million files. A Set of such numbers takes three times the memory and the time.
 */
export class SeenRecords {
  /** Two numbers a place: open addressing, at most half full. */
  #table = new Int32Array(FIRST_CAPACITY * 2);
  #count = 0;

  /** Whether the bytes were there before. Remembers them. */
  has(bytes: Uint8Array, from: number, to: number): boolean {
    let low = 0x9747b28c;
    let high = to - from;
    let at = from;
    for (; at + 4 <= to; at += 4) {
      const word =
        (bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24);
      low = mixLow(low, word);
      high = mixHigh(high, word);
    }
    for (; at < to; at += 1) {
      low = mixLow(low, bytes[at] as number);
      high = mixHigh(high, bytes[at] as number);
    }
    // 0 marks an empty place.
    return this.#remember(spread(low) || 1, spread(high));
  }

  #remember(low: number, high: number): boolean {
    const place = placeOf(this.#table, low, high);
    if (this.#table[place] !== 0) return true;
    if (this.#count >= MAX_REMEMBERED) return false;
    this.#table[place] = low;
    this.#table[place + 1] = high;
    this.#count += 1;
    if (this.#count * 4 > this.#table.length) this.#grow();
    return false;
  }

  #grow(): void {
    const old = this.#table;
    const table = new Int32Array(old.length * 2);
    for (let index = 0; index < old.length; index += 2) {
      const [low, high] = [old[index] as number, old[index + 1] as number];
      if (low === 0) continue;
      const place = placeOf(table, low, high);
      table[place] = low;
      table[place + 1] = high;
    }
    this.#table = table;
  }
}

/** Where a pair is, or the empty place where it would be. */
function placeOf(table: Int32Array, low: number, high: number): number {
  const last = table.length - 2;
  let place = (low << 1) & last;
  while (table[place] !== 0 && (table[place] !== low || table[place + 1] !== high)) {
    place = (place + 2) & last;
  }
  return place;
}

// One step of MurmurHash3 with its 32-bit constants, and one with other constants beside it.
function mixLow(hash: number, word: number): number {
  const scrambled = Math.imul(rotated(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
  return (Math.imul(rotated(hash ^ scrambled, 13), 5) + 0xe6546b64) | 0;
}

function mixHigh(hash: number, word: number): number {
  const scrambled = Math.imul(rotated(Math.imul(word, 0x239b961b), 16), 0x38b34ae5);
  return (Math.imul(rotated(hash ^ scrambled, 17), 5) + 0x561ccd1b) | 0;
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function spread(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const whole = Math.imul(half ^ (half >>> 13), 0xc2b2ae35);
  return whole ^ (whole >>> 16);
}
