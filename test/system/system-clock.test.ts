import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makeSystemClock, systemClock } from '../../src/system/system-clock.ts';

const MONTH_MS = 31 * 24 * 3_600_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it.each([0, 1_000, 2 ** 31, MONTH_MS * 3])('sleeps %d ms, and no less', async (ms) => {
  let isAwake = false;
  const slept = systemClock.sleep(ms, new AbortController().signal).then(() => (isAwake = true));
  await vi.advanceTimersByTimeAsync(Math.max(0, ms - 1));
  expect(isAwake).toBe(ms === 0);
  await vi.advanceTimersByTimeAsync(1);
  await slept;
});

it.each([1_000, MONTH_MS * 3, Infinity])('wakes when it is called, from %d ms too', async (ms) => {
  const call = new AbortController();
  const slept = systemClock.sleep(ms, call.signal);
  call.abort();
  await slept;
  expect(vi.getTimerCount()).toBe(0);
});

it('never goes back, whatever is done to the clock of the machine', () => {
  const clock = makeSystemClock();
  const before = clock.now();
  vi.setSystemTime(before - 3_600_000);
  expect(clock.now()).toBe(before);
  vi.setSystemTime(before - 3_600_000 + 40);
  expect(clock.now()).toBe(before + 40);
});

it('has a time of its own: what one has seen is nothing to another', () => {
  const [one, other] = [makeSystemClock(), makeSystemClock()];
  const now = one.now();
  vi.setSystemTime(now + MONTH_MS);
  expect(one.now()).toBe(now + MONTH_MS);
  vi.setSystemTime(now);
  expect([one.now(), other.now()]).toEqual([now + MONTH_MS, now]);
});
