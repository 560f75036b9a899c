/** A small shared library as far as its headers go: one loaded segment with the dynamic section and its names. */
export function elf({ machine, needed }: { machine: number; needed: string[] }): Buffer {
  const names = Buffer.from(`\0${needed.map((name) => `${name}\0`).join('')}`, 'latin1');
  const [segments, dynamic] = [64, 64 + 2 * 56];
  const entries = needed.length + 2;
  const strings = dynamic + entries * 16;
  const bytes = Buffer.alloc(strings + names.length);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0);
  bytes.writeUInt16LE(3, 16);
  bytes.writeUInt16LE(machine, 18);
  bytes.writeBigUInt64LE(BigInt(segments), 32);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(2, 56);
  // Addresses differ from positions in the file, as they do in real ones.
  const address = 0x10000;
  writeSegment(bytes, segments, [1, 0, address, bytes.length]);
  writeSegment(bytes, segments + 56, [2, dynamic, address + dynamic, entries * 16]);
  let name = 1;
  needed.forEach((text, i) => {
    writePair(bytes, dynamic + i * 16, 1, name);
    name += text.length + 1;
  });
  writePair(bytes, dynamic + needed.length * 16, 5, address + strings);
  names.copy(bytes, strings);
  return bytes;
}

function writeSegment(
  bytes: Buffer,
  at: number,
  [type, offset, address, size]: [number, number, number, number],
): void {
  bytes.writeUInt32LE(type, at);
  bytes.writeBigUInt64LE(BigInt(offset), at + 8);
  bytes.writeBigUInt64LE(BigInt(address), at + 16);
  bytes.writeBigUInt64LE(BigInt(size), at + 32);
  bytes.writeBigUInt64LE(BigInt(size), at + 40);
}

function writePair(bytes: Buffer, at: number, tag: number, value: number): void {
  bytes.writeBigUInt64LE(BigInt(tag), at);
  bytes.writeBigUInt64LE(BigInt(value), at + 8);
}
