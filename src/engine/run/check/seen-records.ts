/** Records are remembered in batches until so many are: 16 bytes each. What comes beyond is compared with them only. */
const MAX_REMEMBERED = 2_000_000;
const MAX_PLACES = 4_194_304;
const FIRST_PLACES = 4_096;
/** Hashes of a batch; two numbers each. */
const BATCH = 131_072;
/** A batch is looked up in the order of the first bits of its hashes. */
const PARTITION_BITS = 10;

/**
 * Tells records that were there before, by 64 bits of their bytes: two different ones of a million are
 * taken for one in 37 million files. A Set of such numbers takes three times the memory and the time.
 *
 * The table is far larger than any cache. So hashes are gathered, and a whole batch is looked up in the
 * order of the table: 170 ns a record (a million remembered) became 25.
 */
export class SeenRecords {
  /** Two numbers a place: open addressing, about half full at most. */
  #table = new Int32Array(FIRST_PLACES * 2);
  /** The first bits of a hash are its place, so a larger table has the same order. */
  #placeBits = Math.log2(FIRST_PLACES);
  #remembered = 0;
  readonly #hash = new RecordHash();
  #hashes = new Int32Array(2_048);
  #noted = 0;
  #repeated = 0;

  /** Takes a record down. */
  note(view: DataView, from: number, to: number): void {
    const hash = this.#hash;
    hash.take(view, from, to);
    if (this.#noted === this.#hashes.length) this.#hashes = doubled(this.#hashes);
    // 0 marks an empty place.
    this.#hashes[this.#noted] = spread(hash.low) || 1;
    this.#hashes[this.#noted + 1] = spread(hash.high);
    this.#noted += 2;
    if (this.#noted === BATCH * 2) this.#lookUp();
  }

  /** How many of the records noted so far had been there before. */
  repeated(): number {
    this.#lookUp();
    return this.#repeated;
  }

  #lookUp(): void {
    const noted = this.#noted;
    this.#noted = 0;
    const isRemembering = this.#remembered < MAX_REMEMBERED;
    if (isRemembering) this.#makeRoom(noted / 2);
    const hashes = partitioned(this.#hashes, noted);
    const table = this.#table;
    const last = table.length - 1;
    const shift = 32 - this.#placeBits;
    let [remembered, repeated] = [this.#remembered, this.#repeated];
    for (let index = 0; index < noted; index += 2) {
      const low = hashes[index] as number;
      const high = hashes[index + 1] as number;
      let place = (low >>> shift) << 1;
      while (table[place] !== 0 && (table[place] !== low || table[place + 1] !== high)) {
        place = (place + 2) & last;
      }
      if (table[place] !== 0) {
        repeated += 1;
      } else if (isRemembering) {
        table[place] = low;
        table[place + 1] = high;
        remembered += 1;
      }
    }
    this.#remembered = remembered;
    this.#repeated = repeated;
  }

  #makeRoom(more: number): void {
    let places = this.#table.length / 2;
    while ((this.#remembered + more) * 2 > places && places < MAX_PLACES) places *= 4;
    const old = this.#table;
    if (places * 2 === old.length) return;
    const table = new Int32Array(places * 2);
    this.#placeBits = Math.log2(places);
    for (let index = 0; index < old.length; index += 2) {
      const low = old[index] as number;
      if (low === 0) continue;
      let place = (low >>> (32 - this.#placeBits)) << 1;
      while (table[place] !== 0) place = (place + 2) & (table.length - 1);
      table[place] = low;
      table[place + 1] = old[index + 1] as number;
    }
    this.#table = table;
  }
}

/** Pairs of hashes in the order of the first bits of each. */
function partitioned(hashes: Int32Array, length: number): Int32Array {
  const shift = 32 - PARTITION_BITS;
  const next = new Int32Array((1 << PARTITION_BITS) + 1);
  for (let index = 0; index < length; index += 2) {
    const partition = (hashes[index] as number) >>> shift;
    next[partition + 1] = (next[partition + 1] as number) + 2;
  }
  for (let partition = 1; partition < next.length; partition += 1) {
    next[partition] = (next[partition] as number) + (next[partition - 1] as number);
  }
  const ordered = new Int32Array(length);
  for (let index = 0; index < length; index += 2) {
    const partition = (hashes[index] as number) >>> shift;
    const to = next[partition] as number;
    ordered[to] = hashes[index] as number;
    ordered[to + 1] = hashes[index + 1] as number;
    next[partition] = to + 2;
  }
  return ordered;
}

function doubled(numbers: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(numbers.length * 2);
  larger.set(numbers);
  return larger;
}

/**
 * MurmurHash3 of 32 bits, and beside it a second one that takes the same words in another way. Both take
 * two words a step: steps wait for one another, and words do not. A function of its own: inside of its
 * caller V8 no longer inlines what it calls, and it takes three times as long.
 */
class RecordHash {
  low = 0;
  high = 0;

  take(view: DataView, from: number, to: number): void {
    let low = 0x9747b28c;
    let high = to - from;
    let at = from;
    const last = to - 8;
    for (; at <= last; at += 8) {
      const first = scrambled(view.getInt32(at, true));
      const second = scrambled(view.getInt32(at + 4, true));
      low = mixedLow(low, (first + rotated(second, 9)) | 0);
      high = mixedHigh(high, second ^ rotated(first, 21));
    }
    if (at < to && last >= from) {
      // Bytes that were there before are taken again, rather than the rest one by one.
      const first = scrambled(view.getInt32(last, true));
      const second = scrambled(view.getInt32(last + 4, true));
      low = mixedLow(low, (first + rotated(second, 9)) | 0);
      high = mixedHigh(high, second ^ rotated(first, 21));
    } else {
      for (; at < to; at += 1) {
        const byte = scrambled(view.getUint8(at));
        low = mixedLow(low, byte);
        high = mixedHigh(high, byte);
      }
    }
    this.low = low;
    this.high = high;
  }
}

function scrambled(word: number): number {
  return Math.imul(rotated(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
}

function mixedLow(hash: number, word: number): number {
  return (Math.imul(rotated(hash ^ word, 13), 5) + 0xe6546b64) | 0;
}

function mixedHigh(hash: number, word: number): number {
  return Math.imul(rotated((hash + word) | 0, 17), 0x38b34ae5);
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function spread(hash: number): number {
  const half = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  const whole = Math.imul(half ^ (half >>> 13), 0xc2b2ae35);
  return whole ^ (whole >>> 16);
}
