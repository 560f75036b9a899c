import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readPin } from '../../scripts/lib/ggml-pin.mjs';
import { limits, readTarball, unexpectedFiles } from '../../scripts/lib/package/contents.mjs';
import { packCopy } from '../../scripts/lib/package/stage.mjs';
import { carriesGgml } from '../../scripts/lib/vendor.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ggml = process.env['CLMBR_GGML_DIR'] ?? path.join(root, '.ggml', (readPin() as { version: string }).version);

/** Some of the files that a build needs, of each part one. */
const builtFrom = [
  'LICENSE',
  'SECURITY.md',
  'sbom.cdx.json',
  'examples/demo/demo.gguf',
  'CMakeLists.txt',
  'native/addon.cc',
  'native/exports.map',
  'native/ggml.cmake',
  'vendor/ggml/LICENSE',
  'vendor/ggml/CMakeLists.txt',
  'vendor/ggml/src/ggml-cpu/ggml-cpu.c',
  'vendor/ggml/src/ggml-cuda/ggml-cuda.cu',
  'vendor/ggml/src/ggml-metal/ggml-metal.cpp',
  'vendor/ggml/src/ggml-vulkan/ggml-vulkan.cpp',
  'vendor/node-addon-api/LICENSE.md',
  'vendor/node-addon-api/napi.h',
  'vendor/node-api-headers/LICENSE',
  'vendor/node-api-headers/include/node_api.h',
  'vendor/node-api-headers/def/node_api.def',
];

describe.runIf(process.env['CLMBR_PREPARED'])('the packed package', () => {
  let folder: string;
  let tarball: string;
  let entries: { name: string; content: Buffer }[];
  const names = () => entries.map(({ name }) => name);
  const read = (name: string) => entries.find((entry) => entry.name === name)!.content.toString('utf8');

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'clmbr-pack-'));
    ({ tarball } = await packCopy({ ggml, folder }));
    entries = readTarball(tarball);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('holds nothing that was not put on the list', () => {
    expect(unexpectedFiles(names())).toEqual([]);
  });

  test('holds what runs, what is needed to build it, and the licences', () => {
    const manifest = JSON.parse(read('package.json'));
    const needed = [manifest.exports['.'].default, manifest.exports['.'].types, manifest.bin.clmbr, ...builtFrom];
    expect(needed.map((file) => file.replace(/^\.\//, '')).filter((file) => !names().includes(file))).toEqual([]);
  });

  test('holds every source that the checkout has', () => {
    const sources = ['binding', 'engine', 'kernels'].flatMap((part) =>
      (readdirSync(path.join(root, 'native', part), { recursive: true }) as string[])
        .filter((file) => /\.(cc|h)$/.test(file))
        .map((file) => `native/${part}/${file.split(path.sep).join('/')}`),
    );
    expect(sources.length).toBeGreaterThan(40);
    expect(names()).toEqual(expect.arrayContaining(sources));
  });

  test('runs nothing where it is installed', () => {
    const { scripts, dependencies, optionalDependencies } = JSON.parse(read('package.json'));
    for (const name of ['preinstall', 'install', 'postinstall']) expect(scripts).not.toHaveProperty(name);
    expect(names()).not.toContain('binding.gyp');
    expect(optionalDependencies).toBeUndefined();
    // Headers are part of the package: nothing more is installed for `clmbr build`.
    expect(Object.keys(dependencies)).not.toEqual(expect.arrayContaining(['node-addon-api']));
  });

  test('names neither this machine nor a secret', () => {
    const marks = [root, `${path.sep}work${path.sep}`, '_authToken', 'BEGIN PRIVATE KEY', 'BEGIN RSA PRIVATE', 'AKIA'];
    const own = entries.filter(({ name }) => !name.startsWith('vendor/') && !/\.(node|gguf)$/.test(name));
    expect(own.length).toBeGreaterThan(200);
    for (const { name, content } of own)
      for (const mark of marks) expect(content.includes(mark), `${name}: ${mark}`).toBe(false);
  });

  test('keeps to the limits of size', () => {
    expect(statSync(tarball).size).toBeLessThanOrEqual(limits.packed);
    expect(entries.reduce((sum, { content }) => sum + content.length, 0)).toBeLessThanOrEqual(limits.unpacked);
  });
});

test('an unknown file is noticed', () => {
  const strange = [
    '.npmrc',
    '.env',
    'test/a.test.ts',
    'native/test/main.cc',
    'dist/notes.txt',
    'vendor/ggml/src/ggml-sycl/a.cpp',
  ];
  expect(unexpectedFiles(['dist/index.js', ...strange])).toEqual(strange);
});

describe.runIf(existsSync(ggml))('the part of ggml', () => {
  test('is its core and four backends', () => {
    const folders = readdirSync(path.join(ggml, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const kept = folders.map(({ name }) => name).filter((name) => carriesGgml(`src/${name}/x.cpp`));
    expect(kept.sort()).toEqual(['ggml-cpu', 'ggml-cuda', 'ggml-metal', 'ggml-vulkan']);
    expect(folders.length).toBeGreaterThan(kept.length);
  });

  test.each([
    ['LICENSE', true],
    ['src/ggml.c', true],
    ['src/ggml-opencl', false],
    ['include/ggml-sycl.h', false],
    ['include/ggml-cuda.h', true],
    ['.integrity', false],
  ])('%s: %s', (file, carried) => expect(carriesGgml(file)).toBe(carried));
});
