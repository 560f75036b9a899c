import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compareResults, largestDifference } from '../../scripts/lib/prebuild-test/compare.mjs';
import { describeBinary, highestGlibc, identify, problemsOf } from '../../scripts/lib/prebuild/inspect.mjs';
import { mismatch, withFiles } from '../../scripts/lib/prebuild/manifest.mjs';
import { elsewhere, nativeTarget, prebuildPath, selectTargets, targets } from '../../scripts/lib/prebuild/targets.mjs';
import { temporaryFolder } from '../support/temporary.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Target {
  name: string;
  platform: string;
  arch: string;
  libc?: string;
}

/** The start of an ELF file for x86-64, with room for what a test puts behind it. */
function elf(processor: number, text = ''): Buffer {
  const content = Buffer.alloc(128 + text.length);
  content.writeUInt32BE(0x7f454c46, 0);
  content.writeUInt16LE(processor, 18);
  content.write(text, 128, 'latin1');
  return content;
}

describe('targets', () => {
  const all: Target[] = [...targets, ...elsewhere];

  test('node-gyp-build finds the file of every target, and no other', async () => {
    const folder = await temporaryFolder();
    for (const target of all) {
      const file = path.join(folder, prebuildPath(target));
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, '');
    }
    const resolve = `process.stdout.write(require('node-gyp-build').resolve(${JSON.stringify(folder)}))`;
    for (const target of all) {
      const env = {
        ...process.env,
        npm_config_platform: target.platform,
        npm_config_arch: target.arch,
        LIBC: target.libc ?? 'glibc',
      };
      const { stdout, stderr } = spawnSync(process.execPath, ['-e', resolve], { cwd: root, env, encoding: 'utf8' });
      expect(stdout, stderr).toBe(path.join(folder, prebuildPath(target)));
    }
  });

  test('are the seven that a release has', () => {
    expect(all.map((target) => prebuildPath(target))).toEqual([
      'prebuilds/linux-x64/clmbr.glibc.node',
      'prebuilds/linux-x64/clmbr.musl.node',
      'prebuilds/linux-arm64/clmbr.glibc.node',
      'prebuilds/linux-arm64/clmbr.musl.node',
      'prebuilds/win32-x64/clmbr.node',
      'prebuilds/darwin-arm64/clmbr.node',
      'prebuilds/darwin-x64/clmbr.node',
    ]);
  });

  test('are selected by name', () => {
    expect(selectTargets([])).toHaveLength(5);
    expect(selectTargets(['win32-x64']).map((target: Target) => target.name)).toEqual(['win32-x64']);
    expect(() => selectTargets(['win32-arm64'])).toThrow(
      'There is no target win32-arm64; the targets are linux-x64-glibc,',
    );
  });

  test("of this machine are named like a release's", () => {
    expect(nativeTarget('arm64', 'darwin', false)).toMatchObject({ name: 'darwin-arm64', libc: undefined });
    expect(prebuildPath(nativeTarget('x64', 'linux', true))).toBe('prebuilds/linux-x64/clmbr.musl.node');
  });
});

describe('files', () => {
  test('are told apart by their headers', () => {
    expect(identify(elf(183))).toEqual({ format: 'ELF', arch: 'arm64' });
    expect(identify(Buffer.from('not a binary'))).toEqual({ format: 'unknown', arch: '?' });
    const format = { linux: 'ELF', darwin: 'Mach-O', win32: 'PE' }[process.platform as 'linux'];
    expect(identify(readFileSync(process.execPath))).toEqual({ format, arch: process.arch });
  });

  test('say which glibc they need, by number and not by spelling', () => {
    expect(highestGlibc(elf(62, 'GLIBC_2.9\0GLIBC_2.27\0GLIBC_2.2.5\0GLIBC_2.3\0'))).toBe('2.27');
    expect(highestGlibc(elf(62))).toBeUndefined();
  });

  test('are refused where they would not load', () => {
    const problems = (target: object, content: Buffer) => problemsOf(describeBinary(target, content)).join('; ');
    const glibc = { platform: 'linux', arch: 'x64', libc: 'glibc' };
    expect(problems(glibc, elf(62, 'GLIBC_2.28\0'))).toBe('');
    expect(problems(glibc, elf(62, 'GLIBC_2.29\0'))).toBe('it needs glibc 2.29, later than 2.28');
    expect(problems({ ...glibc, libc: 'musl' }, elf(62, 'GLIBC_2.2.5\0'))).toBe('it needs glibc 2.2.5');
    expect(problems({ ...glibc, arch: 'arm64' }, elf(62))).toBe('it is ELF x64, not ELF arm64');
    expect(problems(glibc, Buffer.concat([elf(62), Buffer.alloc(3_000_000)]))).toContain('bytes, more than');
  });
});

describe('manifest', () => {
  const origin = { version: '1.0.0', commit: 'b', sources: 'new' };

  test('keeps for every file which sources it was built from', () => {
    const old = {
      files: [
        { path: 'prebuilds/z', sources: 'old', commit: 'a' },
        { path: 'prebuilds/a', sources: 'old', commit: 'a' },
      ],
    };
    expect(withFiles(old, origin, [{ path: 'prebuilds/z' }])).toEqual({
      ...origin,
      files: [
        { path: 'prebuilds/a', sources: 'old', commit: 'a' },
        { path: 'prebuilds/z', sources: 'new', commit: 'b' },
      ],
    });
  });

  test('notices a file that is gone or another', async () => {
    const folder = await temporaryFolder();
    const file = { path: 'prebuilds/linux-x64/clmbr.musl.node', bytes: 3, sha256: 'ba7816bf8f01cfea' };
    expect(mismatch(file, folder)).toBe(`${file.path} is missing`);
    mkdirSync(path.join(folder, 'linux-x64'));
    writeFileSync(path.join(folder, 'linux-x64/clmbr.musl.node'), 'abcd');
    expect(mismatch(file, folder)).toContain('has 4 bytes, not 3');
    writeFileSync(path.join(folder, 'linux-x64/clmbr.musl.node'), 'abc');
    expect(mismatch(file, folder)).toContain('has the SHA-256 ba7816bf8f01cfea414140de5dae2223');
    const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(mismatch({ ...file, sha256 }, folder)).toBeUndefined();
  });
});

describe('results of two platforms', () => {
  const base64 = (values: number[]) => Buffer.from(new Float32Array(values).buffer).toString('base64');
  const reference = {
    embeddings: base64([1, 2, 4, 0.5]),
    rows: 2,
    sha256: 'x',
    next: [[[7, 0.5]]],
    futures: [[1, 2]],
    repeated: true,
  };
  const problems = (changes: object) => compareResults({ ...reference, ...changes }, reference).problems;

  test('are measured against the largest value of each row', () => {
    expect(largestDifference(new Float32Array([1, 2, 4, 0.5]), new Float32Array([1, 2, 4, 1]), 2)).toBe(0.125);
    expect(largestDifference(new Float32Array([NaN]), new Float32Array([1]), 1)).toBe(Infinity);
    expect(largestDifference(new Float32Array(0), new Float32Array(0), 1)).toBe(Infinity);
  });

  test('may differ by rounding, and in nothing else', () => {
    expect(compareResults(reference, reference)).toEqual({ problems: [], identical: true, difference: 0 });
    const close = { embeddings: base64([1, 2.00001, 4, 0.5]), sha256: 'y' };
    expect(compareResults({ ...reference, ...close }, reference)).toMatchObject({ problems: [], identical: false });
    expect(problems({ embeddings: base64([1, 2.001, 4, 0.5]), sha256: 'y' })).toHaveLength(1);
    expect(problems({ next: [[[8, 0.5]]] })).toEqual(['other next events are the most probable']);
    expect(problems({ next: [[[7, 0.6]]] })).toEqual(['probabilities of the next events differ']);
    expect(problems({ futures: [[1, 3]] })).toEqual(['the same seed gave other futures']);
    expect(problems({ repeated: false })).toEqual(['the same patient gave another vector in another batch']);
  });
});
