import { describe, expect, it } from 'vitest';
import { CoverageCounter } from '../../lib/coverage.ts';
import { ClmbrTokenizer } from '../../lib/tokenizer/tokenizer.ts';
import { parseTokenizerConfig } from '../../lib/tokenizer/vocabulary.ts';
import type { Event } from '../../lib/types.ts';
import { category, config, plain, range } from './reference.ts';

const tokenizer = new ClmbrTokenizer(
  parseTokenizerConfig(config([plain('A'), range('R', 0, 1), category('C', 'x')]), 'test'),
);

function count(patients: readonly Event[][], counter = new CoverageCounter()): CoverageCounter {
  for (const events of patients) {
    const encoder = tokenizer.encoder({ onDrop: (code, reason) => counter.addDropped(code, reason) });
    encoder.pushSlice(events);
    counter.addPatient(events.length);
    if (encoder.length === 0) counter.addEmptyRows();
  }
  return counter;
}

const first = [[{ code: 'A' }, { code: 'Z/1' }, { code: 'Z/1' }, { code: 'Y/1' }], []];
const second = [
  [{ code: 'R', value: 7 }, { code: 'R' }, { code: 'C', value: 'y' }, { code: 'Z/1' }, { code: '__proto__' }],
];
const expected = {
  events: 9,
  mapped: 1,
  share: 1 / 9,
  dropped: { 'unknown-code': 5, 'value-outside-ranges': 1, 'no-matching-category': 1, 'no-plain-entry': 1 },
  topUnmapped: [
    { code: 'Z/1', count: 3 },
    { code: 'Y/1', count: 1 },
    { code: '__proto__', count: 1 },
  ],
  patients: 3,
  emptyRows: 2,
};

describe('CoverageCounter', () => {
  it('counts events, reasons and unknown codes over patients', () => {
    expect(count([...first, ...second]).report()).toEqual(expected);
  });

  it('merges what several counters saw', () => {
    const total = count(first);
    total.merge(count(second));
    expect(total.report()).toEqual(expected);
  });

  it('reports nothing lost where there was nothing', () => {
    expect(new CoverageCounter().report()).toMatchObject({ events: 0, mapped: 0, share: 1, topUnmapped: [] });
  });

  it('stays bounded over any number of distinct codes and keeps the frequent ones', () => {
    const counter = new CoverageCounter({ maxCodes: 100, top: 2 });
    for (let i = 0; i < 20_000; i++) {
      counter.addPatient(2);
      counter.addDropped(`rare/${i}`, 'unknown-code');
      counter.addDropped(i % 3 === 0 ? 'often/1' : 'often/2', 'unknown-code');
    }
    expect(counter.report()).toMatchObject({
      dropped: { 'unknown-code': 40_000 },
      topUnmapped: [
        { code: 'often/2', count: 13_333 },
        { code: 'often/1', count: 6_667 },
      ],
    });
    expect(counter.trackedCodes).toBeLessThanOrEqual(200);
  });

  it('cuts codes of absurd length', () => {
    const counter = new CoverageCounter();
    counter.addDropped('x'.repeat(1_000_000), 'unknown-code');
    expect(counter.report().topUnmapped[0]!.code).toBe(`${'x'.repeat(255)}…`);
  });
});
