import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inRoot } from '../paths.mjs';
import { oldestGlibc, prebuildPath } from './targets.mjs';

/** A tarball with all platforms has room for this much of each. */
const largestFile = 2_500_000;

/**
 * What there is to say about a prebuilt file.
 * @param {{platform: string, arch: string, libc?: string}} target
 * @param {Buffer} content
 */
export function describeBinary(target, content = readFileSync(inRoot(prebuildPath(target)))) {
  const { format, arch } = identify(content);
  const glibc = highestGlibc(content);
  return {
    path: prebuildPath(target),
    sha256: createHash('sha256').update(content).digest('hex'),
    bytes: content.length,
    platform: target.platform,
    arch: target.arch,
    ...(target.libc && { libc: target.libc }),
    ...(glibc && { glibc }),
    format: `${format} ${arch}`,
    ...(format === 'PE' && { importsHost: /\bnode\.exe\b/i.test(importNames(content)) }),
  };
}

/** Why a file could not be shipped under its name; nothing if it can. */
export function problemsOf(file) {
  const problems = [];
  const expected = { linux: 'ELF', win32: 'PE', darwin: 'Mach-O' }[file.platform];
  if (file.format !== `${expected} ${file.arch}`) problems.push(`it is ${file.format}, not ${expected} ${file.arch}`);
  if (file.glibc && file.libc !== 'glibc') problems.push(`it needs glibc ${file.glibc}`);
  if (file.glibc && compareVersions(file.glibc, oldestGlibc) > 0)
    problems.push(`it needs glibc ${file.glibc}, later than ${oldestGlibc}`);
  if (file.importsHost) problems.push('it imports from node.exe by name, which Electron is not called');
  if (file.bytes > largestFile) problems.push(`it has ${file.bytes} bytes, more than ${largestFile}`);
  return problems;
}

/** Executable format and processor, from the header. */
export function identify(content) {
  const elf = { 62: 'x64', 183: 'arm64' };
  const pe = { 0x8664: 'x64', 0xaa64: 'arm64' };
  const mach = { 0x01000007: 'x64', 0x0100000c: 'arm64' };
  if (content.length > 64) {
    if (content.readUInt32BE(0) === 0x7f454c46) return { format: 'ELF', arch: elf[content.readUInt16LE(18)] ?? '?' };
    if (content.readUInt32LE(0) === 0xfeedfacf) return { format: 'Mach-O', arch: mach[content.readUInt32LE(4)] ?? '?' };
    if (content.toString('latin1', 0, 2) === 'MZ') {
      const header = content.readUInt32LE(60);
      if (header + 6 <= content.length && content.toString('latin1', header, header + 4) === 'PE\0\0')
        return { format: 'PE', arch: pe[content.readUInt16LE(header + 4)] ?? '?' };
    }
  }
  return { format: 'unknown', arch: '?' };
}

/** The highest version of glibc that a file asks for: its symbol versions are plain text in it. */
export function highestGlibc(content) {
  const versions = content.toString('latin1').match(/\bGLIBC_\d+(?:\.\d+)+(?=\0)/g) ?? [];
  return versions
    .map((version) => version.slice('GLIBC_'.length))
    .sort(compareVersions)
    .at(-1);
}

function compareVersions(a, b) {
  const [left, right] = [a.split('.').map(Number), b.split('.').map(Number)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The names of libraries that a PE file imports from, found through its import directory. */
function importNames(content) {
  const header = content.readUInt32LE(60);
  const sections = content.readUInt16LE(header + 6);
  const optional = header + 24;
  const table = optional + content.readUInt16LE(header + 20);
  // The import directory is the second data directory; those of a 64-bit file begin at byte 112 of the optional header.
  let at = fileOffset(content.readUInt32LE(optional + 112 + 8));
  const names = [];
  for (; at !== undefined && content.readUInt32LE(at + 12) !== 0; at += 20) {
    const name = fileOffset(content.readUInt32LE(at + 12));
    names.push(content.toString('latin1', name, content.indexOf(0, name)));
  }
  return names.join(' ');

  function fileOffset(address) {
    for (let i = 0; i < sections; i++) {
      const section = table + 40 * i;
      const start = content.readUInt32LE(section + 12);
      const bytes = content.readUInt32LE(section + 16);
      if (address >= start && address < start + bytes) return address - start + content.readUInt32LE(section + 20);
    }
    return undefined;
  }
}
