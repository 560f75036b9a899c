import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { libcOfProgram, readBinaryHeader } from '../../lib/native/binary-header.ts';
import { readElf } from '../../lib/native/elf.ts';
import { currentLibc, currentRuntime } from '../../lib/native/runtime.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { elf } from './elf.ts';

const folder = await temporaryFolder();

async function headerOf(bytes: Buffer) {
  const path = join(folder, 'file');
  await writeFile(path, bytes);
  return readBinaryHeader(path);
}

describe('a Linux file', () => {
  it.each([
    [['libstdc++.so.6', 'libc.so.6'], 'glibc'],
    [['libm.so.6', 'ld-linux-aarch64.so.1'], 'glibc'],
    [['libc.musl-x86_64.so.1'], 'musl'],
    [['libc.so'], 'musl'],
    [['libother.so.1'], null],
    [[], null],
  ])('needs %s: %s', async (needed, libc) => {
    const bytes = elf({ machine: 62, needed });
    expect(await headerOf(bytes)).toEqual({
      ...{ bytes: bytes.length, platform: 'linux', architectures: ['x64'], truncated: false, libc },
    });
  });

  it.each([
    [183, 'arm64'],
    [40, 'arm'],
    [243, 'riscv64'],
    [9999, 'machine 9999'],
  ])('for processor %i is for %s', async (machine, arch) => {
    expect(await headerOf(elf({ machine, needed: [] }))).toMatchObject({ platform: 'linux', architectures: [arch] });
  });

  it('that ends anywhere before its last loaded byte is truncated', async () => {
    const bytes = elf({ machine: 62, needed: ['libc.so.6'] });
    for (let length = 4; length < bytes.length; length += 7)
      expect(await headerOf(bytes.subarray(0, length)), `${length} of ${bytes.length}`).toMatchObject({
        truncated: true,
      });
  });

  it('with nonsense in its tables is read without an error', () => {
    const bytes = elf({ machine: 62, needed: ['libc.so.6'] });
    for (let at = 4; at < bytes.length; at++) {
      for (const value of [0x00, 0x7f, 0xff]) {
        const changed = Buffer.from(bytes);
        changed[at] = value;
        const readAt = (position: number, length: number) => changed.subarray(position, position + length);
        expect(readElf(readAt, changed.length).needed.length).toBeLessThan(3);
      }
    }
  });
});

describe('other files', () => {
  it('of Windows', async () => {
    const bytes = Buffer.alloc(1024);
    bytes.write('MZ');
    bytes.writeUInt32LE(0x80, 60);
    bytes.write('PE\0\0', 0x80, 'latin1');
    bytes.writeUInt16LE(0xaa64, 0x84);
    expect(await headerOf(bytes)).toMatchObject({ platform: 'win32', architectures: ['arm64'], truncated: false });
    expect(await headerOf(bytes.subarray(0, 0x84))).toMatchObject({ platform: 'win32', truncated: true });
  });

  it('of macOS, with one part and with two', async () => {
    const thin = Buffer.alloc(64);
    thin.writeUInt32LE(0xfeedfacf, 0);
    thin.writeUInt32LE(0x100000c, 4);
    expect(await headerOf(thin)).toMatchObject({ platform: 'darwin', architectures: ['arm64'], truncated: false });
    const fat = Buffer.alloc(64);
    fat.writeUInt32BE(0xcafebabe, 0);
    fat.writeUInt32BE(2, 4);
    fat.writeUInt32BE(0x1000007, 8);
    fat.writeUInt32BE(0x100000c, 28);
    expect(await headerOf(fat)).toMatchObject({ platform: 'darwin', architectures: ['x64', 'arm64'] });
  });

  it.each(['', 'a', '<!DOCTYPE html>', 'version https://git-lfs.github.com/spec/v1\n', '\xca\xfe\xba\xbe\0\0\0\x34'])(
    'that are no program: %j',
    async (text) => {
      expect(await headerOf(Buffer.from(text, 'latin1'))).toMatchObject({ platform: null, architectures: [] });
    },
  );

  it('that are not there are an error of the file system', () => {
    expect(() => readBinaryHeader(join(folder, 'none'))).toThrow(/ENOENT/);
    expect(libcOfProgram(join(folder, 'none'))).toBeNull();
  });
});

describe('this process', () => {
  it("reads its own program's header", async () => {
    const header = readBinaryHeader(process.execPath);
    expect(header).toMatchObject({ platform: process.platform, truncated: false });
    expect(header.architectures).toContain(process.arch);
    const cut = join(folder, 'node');
    await writeFile(cut, (await readFile(process.execPath)).subarray(0, 1 << 20));
    if (process.platform === 'linux') expect(readBinaryHeader(cut).truncated).toBe(true);
  });

  it.runIf(process.platform === 'linux')('knows its C library from its program as from the report', () => {
    const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
    const { glibcVersionRuntime = null } = report.header;
    expect(currentRuntime()).toMatchObject({
      glibc: glibcVersionRuntime,
      libc: glibcVersionRuntime ? 'glibc' : 'musl',
    });
    expect(currentLibc()).toBe(currentRuntime().libc);
    expect(libcOfProgram(process.execPath)).toBe(currentRuntime().libc);
  });

  it('tells what it is', () => {
    const { version, napi, node } = currentRuntime();
    expect({ version, node }).toEqual({ version: process.versions.node, node: process.versions.node });
    expect(napi).toBeGreaterThanOrEqual(9);
  });
});
