import { expect } from 'vitest';
import type { EmbedResult } from '../../lib/model/index.ts';

export interface Difference {
  /** Largest absolute difference over the largest absolute value of the expected row; the worst row counts. */
  error: number;
  /** Of the worst row. */
  cosine: number;
}

type Row = ArrayLike<number>;

/** How far rows are from what is expected. A number that is not finite is infinitely far. */
export function difference(actual: readonly Row[], expected: readonly Row[]): Difference {
  expect(actual.length).toBe(expected.length);
  const worst = { error: 0, cosine: 1 };
  for (const [r, want] of expected.entries()) {
    const got = actual[r]!;
    expect(got.length).toBe(want.length);
    let [far, largest, dot, squares, wanted] = [0, 0, 0, 0, 0];
    for (let i = 0; i < want.length; i++) {
      const distance = Math.abs(got[i]! - want[i]!);
      far = Number.isFinite(distance) ? Math.max(far, distance) : Infinity;
      largest = Math.max(largest, Math.abs(want[i]!));
      dot += got[i]! * want[i]!;
      squares += got[i]! ** 2;
      wanted += want[i]! ** 2;
    }
    worst.error = Math.max(worst.error, far / largest);
    worst.cosine = Math.min(worst.cosine, dot / Math.sqrt(squares * wanted));
  }
  return worst;
}

/** The bounds within which two correct implementations in F32 lie. */
export function expectSameNumbers(actual: readonly Row[], expected: readonly Row[]): void {
  const { error, cosine } = difference(actual, expected);
  expect(error).toBeLessThanOrEqual(1e-4);
  expect(cosine).toBeGreaterThanOrEqual(0.999999);
}

export function rowsOf(result: EmbedResult): Float32Array[] {
  return Array.from({ length: result.rows.length }, (_, i) => result.row(i));
}

/** The bits of numbers as text, so that a failed comparison stays readable and -0, 0 and NaN differ. */
export function bits(numbers: Float32Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64');
}

/** The index of the largest number, and by how much it leads. */
export function leader(numbers: Row): { index: number; margin: number } {
  let [index, second] = [0, -Infinity];
  for (let i = 1; i < numbers.length; i++) {
    if (numbers[i]! > numbers[index]!) {
      second = numbers[index]!;
      index = i;
    } else second = Math.max(second, numbers[i]!);
  }
  return { index, margin: numbers[index]! - second };
}
