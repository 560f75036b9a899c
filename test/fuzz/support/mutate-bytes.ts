import type { Random } from './random.ts';

const powers = [7n, 8n, 15n, 16n, 31n, 32n, 33n, 48n, 52n, 53n, 60n, 61n, 62n, 63n, 64n].map((bits) => 2n ** bits);

/** Where parsers go wrong: small counts, and both sides of what fits into an integer, a double or a file. */
export const boundaries: readonly bigint[] = [
  ...Array.from({ length: 14 }, (_, i) => BigInt(i)),
  ...powers.flatMap((power) => [power - 1n, power, power + 1n]),
  ...[24, 48, 63, 100, 1000, 1_000_000].map(BigInt),
];

export function readInteger(bytes: Buffer, at: number, size: number): bigint {
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]!);
  return value;
}

/** Writes the low bytes of an integer, little endian. */
export function writeInteger(bytes: Buffer, at: number, size: number, value: bigint): void {
  for (let i = 0; i < size; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

/** Another value for an integer: a boundary, or something close to what it was. */
export function otherInteger(random: Random, value: bigint): bigint {
  switch (random.below(5)) {
    case 0:
      return value + BigInt(random.between(1, 9));
    case 1:
      return value - BigInt(random.between(1, 9));
    case 2:
      return random.chance(0.5) ? value * 2n : value / 2n;
    default:
      return random.pick(boundaries);
  }
}

function range(random: Random, length: number): [number, number] {
  const start = random.below(length + 1);
  return [start, Math.min(length, start + random.between(1, random.pick([1, 4, 16, 64, 1024])))];
}

const overwrites: readonly ((random: Random, bytes: Buffer) => Buffer)[] = [
  (random, bytes) => {
    for (let i = random.between(1, 4); i > 0; i--) bytes[random.below(bytes.length)]! ^= 1 << random.below(8);
    return bytes;
  },
  (random, bytes) => {
    for (let i = random.between(1, 4); i > 0; i--)
      bytes[random.below(bytes.length)] = random.pick([0, 1, 9, 10, 13, 32, 34, 0x7f, 0x80, 0xc3, 0xff]);
    return bytes;
  },
  (random, bytes) => {
    const size = Math.min(bytes.length, random.pick([1, 2, 4, 8]));
    const at = random.below(bytes.length - size + 1);
    writeInteger(bytes, at, size, otherInteger(random, readInteger(bytes, at, size)));
    return bytes;
  },
  (random, bytes) => {
    const [start, end] = range(random, bytes.length);
    bytes.copy(bytes, random.below(bytes.length), start, end);
    return bytes;
  },
  (random, bytes) => {
    const [start, end] = range(random, bytes.length);
    bytes.fill(random.pick([0, 0xff, 0x20, 0x7b]), start, end);
    return bytes;
  },
];

const resizes: readonly ((random: Random, bytes: Buffer) => Buffer)[] = [
  (random, bytes) => bytes.subarray(0, random.below(bytes.length + 1)),
  (random, bytes) => bytes.subarray(0, Math.max(0, bytes.length - random.between(1, 33))),
  (random, bytes) => Buffer.concat([bytes, random.bytes(random.between(1, 40))]),
  (random, bytes) => {
    const [start, end] = range(random, bytes.length);
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
  },
  (random, bytes) => {
    const [start, end] = range(random, bytes.length);
    const at = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(start, end), bytes.subarray(at)]);
  },
];

/** Damages bytes without knowing what they mean. The argument stays as it is. */
export function mutateBytes(random: Random, original: Uint8Array): Buffer {
  const bytes = Buffer.from(original);
  const kinds = bytes.length === 0 || random.chance(0.3) ? resizes : overwrites;
  return random.pick(kinds)(random, bytes);
}
