import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { readElf } from './elf.ts';
import type { ReadAt } from './elf.ts';

export type Libc = 'glibc' | 'musl';

/** What a file says that it is. */
export interface BinaryHeader {
  bytes: number;
  /** As Node names it; null: no executable format of a platform that we know. */
  platform: 'linux' | 'darwin' | 'win32' | null;
  /** As Node names them; a Mach-O file may hold several. */
  architectures: string[];
  truncated: boolean;
  /** Of Linux's; null where it names none. */
  libc: Libc | null;
}

/** What a file is for, from its first bytes. Throws what the file system throws. */
export function readBinaryHeader(path: string): BinaryHeader {
  return withFile(path, (readAt, bytes) => {
    const start = readAt(0, 4096);
    const common = { bytes, truncated: false, libc: null };
    if (start.length >= 4 && start.toString('latin1', 0, 4) === '\x7fELF') {
      const { arch, truncated, needed } = readElf(readAt, bytes);
      return {
        ...common,
        platform: 'linux',
        architectures: arch === null ? [] : [arch],
        truncated,
        libc: libcOf(needed),
      };
    }
    if (start.length >= 2 && start.toString('latin1', 0, 2) === 'MZ')
      return { ...common, platform: 'win32', ...readPortable(start) };
    const architectures = machArchitectures(start);
    return { ...common, platform: architectures.length > 0 ? 'darwin' : null, architectures };
  });
}

/** The C library that a program of Linux was made for; null where its file does not tell. */
export function libcOfProgram(path: string): Libc | null {
  try {
    return withFile(path, (readAt, bytes) => {
      if (readAt(0, 4).toString('latin1') !== '\x7fELF') return null;
      const { interpreter, needed } = readElf(readAt, bytes);
      return libcOf(interpreter === null ? needed : [interpreter.replace(/.*\//, '')]);
    });
  } catch {
    return null;
  }
}

function withFile<T>(path: string, use: (readAt: ReadAt, bytes: number) => T): T {
  const file = openSync(path, 'r');
  try {
    const bytes = fstatSync(file).size;
    const readAt: ReadAt = (position, length) => {
      if (position >= bytes) return Buffer.alloc(0);
      const buffer = Buffer.alloc(Math.min(length, bytes - position));
      return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, position));
    };
    return use(readAt, bytes);
  } finally {
    closeSync(file);
  }
}

/** Debian's musl and zig say libc.so, Alpine libc.musl-x86_64.so.1. */
function libcOf(libraries: string[]): Libc | null {
  if (libraries.some((name) => /^(libc\.musl-|ld-musl-|libc\.so$)/.test(name))) return 'musl';
  if (libraries.some((name) => /^(libc\.so\.6|ld-linux.*)$/.test(name))) return 'glibc';
  return null;
}

const portableMachines: Record<number, string> = { 0x14c: 'ia32', 0x1c4: 'arm', 0x8664: 'x64', 0xaa64: 'arm64' };

function readPortable(start: Buffer): Pick<BinaryHeader, 'architectures' | 'truncated'> {
  const at = start.length >= 64 ? start.readUInt32LE(60) : start.length;
  const isWhole = at + 6 <= start.length && start.toString('latin1', at, at + 4) === 'PE\0\0';
  const machine = isWhole ? start.readUInt16LE(at + 4) : 0;
  return { architectures: isWhole ? [portableMachines[machine] ?? `machine ${machine}`] : [], truncated: !isWhole };
}

const machCpus: Record<number, string> = { 7: 'ia32', 12: 'arm', 0x1000007: 'x64', 0x100000c: 'arm64' };
const cpuName = (cpu: number): string => machCpus[cpu] ?? `CPU ${cpu}`;

function machArchitectures(start: Buffer): string[] {
  if (start.length < 8) return [];
  const magic = start.readUInt32LE(0);
  if (magic === 0xfeedfacf || magic === 0xfeedface) return [cpuName(start.readUInt32LE(4))];
  // A file of several parts is big endian and begins like a Java class, whose version then stands where the count is.
  if (start.readUInt32BE(0) !== 0xcafebabe) return [];
  const count = start.readUInt32BE(4);
  if (count > 16 || start.length < 8 + count * 20) return [];
  return Array.from({ length: count }, (_, i) => cpuName(start.readUInt32BE(8 + i * 20)));
}
