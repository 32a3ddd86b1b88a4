import { describe, expect, it } from 'vitest';
import {
  explainFilter,
  filterProblem,
  matches,
} from '../../../src/engine/automation/event-filter.ts';

const appointment = {
  attributes: { kind: 'visit', minutes: 30, individual: { 'first-name': 'Ada' } },
  tags: ['new', 'remote'],
};

describe('the filter of an event', () => {
  it.each([
    [{}, true],
    [{ 'attributes.kind': 'visit' }, true],
    [{ 'attributes.minutes': { $gte: 30, $lt: 60 } }, true],
    [{ 'attributes.minutes': { $gte: 30, $lt: 30 } }, false],
    [{ tags: 'remote' }, true],
    [{ tags: { $all: ['new', 'old'] } }, false],
    [{ $or: [{ tags: 'old' }, { 'attributes.individual.first-name': /^A/.source }] }, false],
    [{ 'attributes.individual.first-name': { $regex: '^a', $options: 'i' } }, true],
    [{ $nor: [{ tags: 'old' }] }, true],
    [{ missing: { $exists: false } }, true],
  ])('%j: %s', (filter, isMet) => {
    expect(filterProblem(filter)).toBeUndefined();
    expect(matches(filter, appointment)).toBe(isMet);
    expect(explainFilter(filter, appointment).every((clause) => clause.isMet)).toBe(isMet);
  });

  it('tells which clause has failed', () => {
    const filter = {
      'attributes.kind': 'visit',
      'attributes.minutes': { $gte: 30, $lt: 30 },
      $and: [{ tags: 'new' }, { tags: 'old' }],
    };
    const failed = explainFilter(filter, appointment).filter(({ isMet }) => !isMet);
    expect(failed).toEqual([
      { at: 'attributes.minutes', clause: { 'attributes.minutes': { $lt: 30 } }, isMet: false },
      { at: '$and.1.tags', clause: { tags: 'old' }, isMet: false },
    ]);
  });

  it.each([
    [{ $where: 'true' }, "requires 'scriptEnabled'"],
    [{ $expr: { $function: { body: 'true', args: [], lang: 'js' } } }, "requires 'scriptEnabled'"],
    [{ a: { $regex: '(' } }, 'Invalid regular expression'],
    [{ a: { $regex: '(a+)+$' } }, 'repeats a repetition'],
    [{ $or: [] }, '$or is []: expected a list of queries'],
    [{ $and: [1] }, '$and is [1]'],
    [{ a: 'x'.repeat(10_001) }, 'expected 10000 at most'],
    [nested(30), 'deeper than 20'],
  ])('%j is refused', (filter, problem) => {
    expect(filterProblem(filter)).toContain(problem);
  });
});

function nested(depth: number): Record<string, unknown> {
  return depth === 0 ? { a: 1 } : { $and: [nested(depth - 1)] };
}
