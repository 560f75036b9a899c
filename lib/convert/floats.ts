/** Conversions between storage types of floating-point numbers, whole arrays at a time. All of them round to nearest, ties to even. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** F16 bits of a number: infinity where it is too large. The number must not be NaN. */
export function float16Bits(value: number): number {
  float[0] = value;
  return float16BitsOfBits(bits[0]!);
}

function float16BitsOfBits(x: number): number {
  const sign = (x >>> 16) & 0x8000;
  const magnitude = x & 0x7fffffff;
  // 65520 and above round to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    const rebiased = magnitude - 0x38000000;
    return sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
  }
  // Below 2^-14 F16 counts in steps of 2^-24; at 2^-25 and below nothing is left.
  if (magnitude <= 0x33000000) return sign;
  const shift = 126 - (magnitude >>> 23);
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const half = 1 << (shift - 1);
  const kept = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  return sign | (rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept);
}

function float16Value(h: number): number {
  const sign = h & 0x8000 ? -1 : 1;
  const exponent = (h >>> 10) & 0x1f;
  const mantissa = h & 0x3ff;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

let float16Table: Float32Array | undefined;

/** The value of every F16 number by its bits. */
export function float16Values(): Float32Array {
  float16Table ??= Float32Array.from({ length: 65_536 }, (_, h) => float16Value(h));
  return float16Table;
}

/** Types that a checkpoint may hold weights in. */
export type FloatType = 'F32' | 'F16' | 'BF16';

export const floatBytes: Record<FloatType, number> = { F32: 4, F16: 2, BF16: 2 };

/** The exponent bits, all of which are set in infinities and NaNs alone. */
const exponentMask: Record<FloatType, number> = { F32: 0x7f800000, F16: 0x7c00, BF16: 0x7f80 };

/** Raw bits as unsigned integers; `bytes` must be aligned to the size of the type. */
export function rawBits(type: FloatType, bytes: Uint8Array): Uint16Array | Uint32Array {
  const length = bytes.byteLength / floatBytes[type];
  return type === 'F32'
    ? new Uint32Array(bytes.buffer, bytes.byteOffset, length)
    : new Uint16Array(bytes.buffer, bytes.byteOffset, length);
}

function indexOfExponent(values: Uint16Array | Uint32Array, mask: number): number {
  for (let i = 0; i < values.length; i++) if ((values[i]! & mask) === mask) return i;
  return -1;
}

/** Index of the first infinity or NaN, or -1. */
export function indexOfNonFinite(type: FloatType, values: Uint16Array | Uint32Array): number {
  return indexOfExponent(values, exponentMask[type]);
}

/** Widens to F32, which is exact. */
export function widen(type: FloatType, from: Uint16Array | Uint32Array, to: Float32Array): void {
  if (type === 'F16') {
    const table = float16Values();
    for (let i = 0; i < from.length; i++) to[i] = table[from[i]!]!;
    return;
  }
  const target = new Uint32Array(to.buffer, to.byteOffset, from.length);
  if (type === 'F32') target.set(from);
  else for (let i = 0; i < from.length; i++) target[i] = from[i]! << 16;
}

/**
 * Rounds finite F32 numbers to 16 bits.
 *
 * @returns index of the first number that is too large for the type, or -1
 */
export function narrow(type: 'F16' | 'BF16', from: Float32Array, to: Uint16Array): number {
  const source = new Uint32Array(from.buffer, from.byteOffset, from.length);
  if (type === 'F16') {
    for (let i = 0; i < source.length; i++) to[i] = float16BitsOfBits(source[i]!);
  } else {
    for (let i = 0; i < source.length; i++) {
      const x = source[i]!;
      to[i] = (x + 0x7fff + ((x >>> 16) & 1)) >>> 16;
    }
  }
  return indexOfExponent(to.subarray(0, source.length), exponentMask[type]);
}
