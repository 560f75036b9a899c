import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float16Bits, float16Values, indexOfNonFinite, narrow, widen } from '../../lib/convert/floats.ts';
import { dequantizeQ8, quantizeQ8 } from '../../lib/convert/q8.ts';

/** The value of F16 bits from the definition of the format. */
function float16(h: number): number {
  const [sign, exponent, mantissa] = [h >> 15 ? -1 : 1, (h >> 10) & 31, h & 1023];
  if (exponent === 31) return mantissa ? NaN : sign * Infinity;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

const finite = Array.from({ length: 0x7c00 }, (_, h) => h);

describe('F16', () => {
  it('has the value of the definition for every pattern', () => {
    const table = float16Values();
    for (let h = 0; h < 65_536; h++) expect(Object.is(table[h], float16(h))).toBe(true);
  });

  it('rounds every midpoint to the even neighbour and what is beside it to the nearer one', () => {
    const numbers = new Float32Array(1);
    const bits = new Int32Array(numbers.buffer);
    for (const h of finite.slice(0, -1)) {
      numbers[0] = (float16(h) + float16(h + 1)) / 2;
      const even = h % 2 === 0 ? h : h + 1;
      const found = [float16Bits(numbers[0])];
      bits[0]! -= 1;
      found.push(float16Bits(numbers[0]));
      bits[0]! += 2;
      found.push(float16Bits(numbers[0]));
      expect(found).toEqual([even, h, h + 1]);
    }
  });

  it('keeps what it holds, signs included', () => {
    for (const h of finite) {
      expect(float16Bits(float16(h))).toBe(h);
      expect(float16Bits(-float16(h))).toBe(h | 0x8000);
    }
  });

  it('overflows from the midpoint after its largest number', () => {
    expect(float16Bits(65_519.996)).toBe(0x7bff);
    expect(float16Bits(65_520)).toBe(0x7c00);
    expect(float16Bits(-3e38)).toBe(0xfc00);
  });
});

describe('BF16', () => {
  const finiteFloat = fc.float({ noNaN: true, noDefaultInfinity: true });

  it('rounds to the nearest, ties to even', () => {
    fc.assert(
      fc.property(finiteFloat, (x) => {
        const target = new Uint16Array(1);
        const overflow = narrow('BF16', Float32Array.of(x), target);
        const back = new Float32Array(1);
        widen('BF16', target, back);
        if (overflow === 0) {
          expect(Math.abs(x)).toBeGreaterThanOrEqual(1.9921875 * 2 ** 127 + 2 ** 119);
          return;
        }
        const neighbour = (by: number) => {
          const value = new Float32Array(1);
          widen('BF16', Uint16Array.of(target[0]! + by), value);
          return value[0]!;
        };
        for (const by of [-1, 1]) {
          const other = neighbour(by);
          if (!Number.isFinite(other)) continue;
          const [own, others] = [Math.abs(back[0]! - x), Math.abs(other - x)];
          if (own === others) expect(target[0]! % 2).toBe(0);
          else expect(own).toBeLessThan(others);
        }
      }),
      { numRuns: 3000, seed: 11 },
    );
  });

  it('names the first number that is too large', () => {
    expect(narrow('BF16', Float32Array.of(1, 3.4e38, 3.4e38), new Uint16Array(3))).toBe(1);
    expect(narrow('F16', Float32Array.of(1, 2, -1e5), new Uint16Array(3))).toBe(2);
    expect(narrow('F16', Float32Array.of(1, 2, -65_504), new Uint16Array(3))).toBe(-1);
  });
});

it('finds infinities and NaNs in every type', () => {
  const bits = (...values: number[]) => new Uint32Array(Float32Array.from(values).buffer);
  expect(indexOfNonFinite('F32', bits(1, -3.4e38, NaN))).toBe(2);
  expect(indexOfNonFinite('F32', bits(1, -Infinity))).toBe(1);
  expect(indexOfNonFinite('F32', bits(1, 1e-45))).toBe(-1);
  expect(indexOfNonFinite('F16', Uint16Array.of(0x7bff, 0xfc01))).toBe(1);
  expect(indexOfNonFinite('BF16', Uint16Array.of(0xff7f, 0x7bff, 0x7f80))).toBe(2);
});

/** ggml's reference in its own order of operations, one block. */
function referenceBlock(x: Float32Array): { d: number; quants: number[] } {
  const f32 = Math.fround;
  const amax = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const d = f32(amax / f32(127));
  const id = d ? f32(1 / d) : 0;
  const round = (value: number) => Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
  return { d, quants: [...x].map((value) => round(f32(value * id)) + 0) };
}

describe('Q8_0', () => {
  it('is the reference quantiser, block by block', () => {
    const scale = fc.integer({ min: -14, max: 14 });
    const block = fc.tuple(
      scale,
      fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 32, maxLength: 32 }),
    );
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 4 }), (blocks) => {
        const x = Float32Array.from(
          blocks.flatMap(([exponent, values]) => values.map((value) => value * 2 ** exponent)),
        );
        const bytes = new Uint8Array(34 * blocks.length);
        expect(quantizeQ8(x, bytes)).toBe(-1);
        for (let i = 0; i < blocks.length; i++) {
          const { d, quants } = referenceBlock(x.subarray(32 * i, 32 * i + 32));
          if (d < 2 ** -126 && d > 0) continue;
          expect(bytes[34 * i]! | (bytes[34 * i + 1]! << 8)).toBe(float16Bits(d));
          expect([...new Int8Array(bytes.buffer, 34 * i + 2, 32)]).toEqual(quants);
        }
      }),
      { numRuns: 500, seed: 5 },
    );
  });

  it('rounds halves away from zero', () => {
    const x = new Float32Array(32);
    x.set([127, 0.5, 1.5, -0.5, -2.5, -127]);
    const bytes = new Uint8Array(34);
    quantizeQ8(x, bytes);
    expect([...new Int8Array(bytes.buffer, 2, 6)]).toEqual([127, 1, 2, -1, -3, -127]);
    const back = new Float32Array(32);
    dequantizeQ8(bytes, back);
    expect([...back.subarray(0, 6)]).toEqual([127, 1, 2, -1, -3, -127]);
  });

  it('holds zeros and numbers near nothing as zeros, and refuses scales that F16 has not', () => {
    const bytes = new Uint8Array(34).fill(99);
    expect(quantizeQ8(new Float32Array(32), bytes)).toBe(-1);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    expect(quantizeQ8(new Float32Array(32).fill(1e-44), bytes.fill(99))).toBe(-1);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    expect(quantizeQ8(new Float32Array(64).fill(1e7, 32), new Uint8Array(68))).toBe(32);
  });
});
