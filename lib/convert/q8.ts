import { float16Bits, float16Values } from './floats.ts';

/** Elements that share one scale. */
export const q8BlockSize = 32;
/** A scale in F16 and 32 signed bytes. */
export const q8BlockBytes = 34;

/**
 * Quantises finite F32 numbers to ggml's Q8_0, with the arithmetic of its reference: the scale is a 127th of the largest
 * magnitude, all in F32; numbers are divided by the unrounded scale and rounded half away from zero; the scale is stored in F16.
 *
 * @param from a multiple of 32 numbers
 * @param to 34 bytes for every 32 numbers
 * @returns index of the first number of a block whose scale is too large for F16, or -1
 */
export function quantizeQ8(from: Float32Array, to: Uint8Array): number {
  const quants = new Int8Array(to.buffer, to.byteOffset, to.byteLength);
  let target = 0;
  for (let start = 0; start < from.length; start += q8BlockSize, target += q8BlockBytes) {
    let largest = 0;
    for (let i = start; i < start + q8BlockSize; i++) {
      const magnitude = Math.abs(from[i]!);
      if (magnitude > largest) largest = magnitude;
    }
    const scale = Math.fround(largest / 127);
    const stored = float16Bits(scale);
    if (stored === 0x7c00) return start;
    to[target] = stored & 0xff;
    to[target + 1] = stored >>> 8;
    const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
    // The inverse of a scale below 2^-128 is infinite; the stored scale is 0 there, so any quants mean 0.
    if (inverse === 0 || inverse === Infinity) {
      quants.fill(0, target + 2, target + q8BlockBytes);
      continue;
    }
    for (let i = 0; i < q8BlockSize; i++) {
      const scaled = Math.fround(from[start + i]! * inverse);
      quants[target + 2 + i] = scaled < 0 ? scaled - 0.5 : scaled + 0.5;
    }
  }
  return -1;
}

/** The F32 numbers that Q8_0 blocks stand for. */
export function dequantizeQ8(from: Uint8Array, to: Float32Array): void {
  const scales = float16Values();
  const quants = new Int8Array(from.buffer, from.byteOffset, from.byteLength);
  for (let block = 0; block * q8BlockBytes < from.length; block++) {
    const source = block * q8BlockBytes;
    const scale = scales[from[source]! | (from[source + 1]! << 8)]!;
    for (let i = 0; i < q8BlockSize; i++) to[block * q8BlockSize + i] = scale * quants[source + 2 + i]!;
  }
}
