import { describe, expect, it } from 'vitest';
import type { RopeScaling } from '../../lib/architecture/rope.ts';
import { inverseFrequencies, llama3Factors } from '../../lib/architecture/rope.ts';
import { ropeTable } from './rope-table.ts';

const llama3 = (original: number): Extract<RopeScaling, { type: 'llama3' }> => {
  return { type: 'llama3', factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalContextLength: original };
};

function bitsOf(numbers: Float32Array): string {
  const words = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  return [...words].map((word) => word.toString(16).padStart(8, '0')).join(' ');
}

describe('inverse frequencies', () => {
  it.each(ropeTable)('are those of transformers in every bit: head $headSize, $rope', ({ headSize, rope, bits }) => {
    expect(bitsOf(inverseFrequencies({ headSize, rope }))).toBe(bits);
  });

  it('stay within a unit in the last place of the exact rule for large heads', () => {
    const frequencies = inverseFrequencies({ headSize: 256, rope: { theta: 1e6, scaling: { type: 'default' } } });
    expect(frequencies.length).toBe(128);
    for (const [i, value] of frequencies.entries()) {
      const exact = 1e6 ** ((-2 * i) / 256);
      // Rounding the exponent to F32 moves the power by half a unit of the exponent times ln(theta).
      expect(Math.abs(value - exact) / exact).toBeLessThan(2 ** -24 * (2 + Math.log(1e6)));
    }
  });

  it('divide by given factors', () => {
    const plain = inverseFrequencies({ headSize: 8, rope: { theta: 10_000, scaling: { type: 'default' } } });
    const factors = Float32Array.of(1, 2, 4, 8);
    const divided = inverseFrequencies({ headSize: 8, rope: { theta: 10_000, scaling: { type: 'factors', factors } } });
    expect(divided).toEqual(plain.map((value, i) => value / factors[i]!));
  });
});

describe("llama.cpp's divisors", () => {
  // From the formula of llama.cpp's converter, evaluated with PyTorch.
  it('of the released model', () => {
    const factors = llama3Factors(64, 500_000, llama3(4096));
    const middle = [1.3271631002426147, 2.252514123916626, 4.19219970703125];
    expect([...factors]).toEqual([...Array<number>(13).fill(1), ...middle, ...Array<number>(16).fill(8)]);
  });

  it('of a rule with crooked numbers', () => {
    const rule = {
      type: 'llama3',
      factor: 3.3,
      lowFreqFactor: 0.9,
      highFreqFactor: 3.7,
      originalContextLength: 1000,
    } as const;
    const high = 3.299999952316284;
    expect([...llama3Factors(16, 500_000, rule)]).toEqual([1, 1, 1, 2.7180254459381104, high, high, high, high]);
  });

  it('give nearly the same frequencies as the rule', () => {
    for (const original of [64, 512, 4096, 8192]) {
      const rule = inverseFrequencies({ headSize: 64, rope: { theta: 500_000, scaling: llama3(original) } });
      const factors = llama3Factors(64, 500_000, llama3(original));
      const divided = inverseFrequencies({
        headSize: 64,
        rope: { theta: 500_000, scaling: { type: 'factors', factors } },
      });
      for (const [i, value] of rule.entries()) expect(Math.abs(divided[i]! - value) / value).toBeLessThan(3e-7);
    }
  });
});
