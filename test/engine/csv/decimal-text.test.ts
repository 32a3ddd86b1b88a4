import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decimalText } from '../../../src/engine/csv/write/decimal-text.ts';

it('gives the text that String gives, for any number', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.maxSafeNat(), fc.nat(1_000_000), fc.maxSafeInteger(), fc.double()),
      (number) => {
        expect(decimalText(number)).toBe(String(number));
      },
    ),
  );
});

it.each([0, 7, 999, 1_000, 1_001, 10_000, 100_099, 999_999, 1_000_000, Number.MAX_SAFE_INTEGER])(
  'keeps the zeros within %d',
  (number) => expect(decimalText(number)).toBe(String(number)),
);
