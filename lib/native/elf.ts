/**
 * The parts of an ELF file (64 bit, little endian) that tell what it is for and whether it is whole. The loader of glibc maps a
 * file that was cut short and then kills the process, so this is asked before loading.
 */

/** Reads so many bytes from a position; fewer where the file ends. */
export type ReadAt = (position: number, length: number) => Buffer;

export interface ElfFacts {
  arch: string | null;
  /** Whether the file ends before a part that is loaded. */
  truncated: boolean;
  /** Libraries that it names. */
  needed: string[];
  /** Program that loads it; only programs have one. */
  interpreter: string | null;
}

const machines: Record<number, string> = {
  3: 'ia32',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};

const load = 1;
const dynamic = 2;
const interpreterType = 3;
/** Of what a file claims, at most this much is read at once. */
const most = 1 << 20;

interface Segment {
  type: number;
  offset: number;
  address: number;
  size: number;
}

export function readElf(readAt: ReadAt, size: number): ElfFacts {
  const header = readAt(0, 64);
  const arch = header.length < 20 ? null : (machines[header.readUInt16LE(18)] ?? `machine ${header.readUInt16LE(18)}`);
  const facts: ElfFacts = { arch, truncated: header.length < 64, needed: [], interpreter: null };
  // The others (32 bit, big endian) are no platform of ours: what they are for is said, and that is enough.
  if (facts.truncated || header[4] !== 2 || header[5] !== 1) return facts;
  const segments = segmentsOf(header, readAt);
  if (segments === null || segments.some((s) => s.type === load && s.offset + s.size > size)) {
    facts.truncated = true;
    return facts;
  }
  const interpreter = segments.find((s) => s.type === interpreterType);
  if (interpreter) facts.interpreter = textAt(readAt(interpreter.offset, Math.min(interpreter.size, 4096)), 0);
  facts.needed = neededOf(segments, readAt);
  return facts;
}

/** Null where the table of segments is not in the file. */
function segmentsOf(header: Buffer, readAt: ReadAt): Segment[] | null {
  const count = header.readUInt16LE(56);
  const table = readAt(Number(header.readBigUInt64LE(32)), count * 56);
  if (header.readUInt16LE(54) !== 56 || table.length < count * 56) return null;
  return Array.from({ length: count }, (_, i) => ({
    type: table.readUInt32LE(i * 56),
    offset: Number(table.readBigUInt64LE(i * 56 + 8)),
    address: Number(table.readBigUInt64LE(i * 56 + 16)),
    size: Number(table.readBigUInt64LE(i * 56 + 32)),
  }));
}

function neededOf(segments: Segment[], readAt: ReadAt): string[] {
  const segment = segments.find((s) => s.type === dynamic);
  if (!segment) return [];
  const table = readAt(segment.offset, Math.min(segment.size, most));
  const names: number[] = [];
  let strings: Segment | undefined;
  let stringsOffset = 0;
  for (let at = 0; at + 16 <= table.length; at += 16) {
    const [tag, value] = [table.readBigUInt64LE(at), Number(table.readBigUInt64LE(at + 8))];
    if (tag === 0n) break;
    if (tag === 1n) names.push(value);
    if (tag !== 5n) continue;
    strings = segments.find((s) => s.type === load && value >= s.address && value < s.address + s.size);
    stringsOffset = strings === undefined ? 0 : value - strings.address;
  }
  if (strings === undefined) return [];
  const text = readAt(strings.offset + stringsOffset, Math.min(strings.size - stringsOffset, most));
  return names.filter((name) => name < text.length).map((name) => textAt(text, name));
}

function textAt(bytes: Buffer, start: number): string {
  const end = bytes.indexOf(0, start);
  return bytes.toString('latin1', start, end < 0 ? bytes.length : end);
}
