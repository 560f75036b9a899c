import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpSync, symlinkSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { explainLog } from '../../lib/cli/build/failure.ts';
import { checkLoads } from '../../lib/cli/build/install.ts';
import { buildShare, run } from '../../lib/cli/build/process.ts';
import type { BuildFlags, Machine } from '../../lib/cli/build/settings.ts';
import { configureArguments } from '../../lib/cli/build/settings.ts';
import type { Probe } from '../../lib/cli/build/tools.ts';
import { findTools } from '../../lib/cli/build/tools.ts';
import { UsageError } from '../../lib/cli/errors.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const plain: BuildFlags = { cuda: false, vulkan: false, metal: false, native: false };
const never = new AbortController().signal;

describe('settings', () => {
  const sources = { root: '/p', headers: ['/p/vendor/a', '/p/vendor/b'], definitions: '/p/vendor/node_api.def' };
  const linux: Machine = { platform: 'linux', arch: 'x64', hasNinja: true };
  const settings = (flags: Partial<BuildFlags>, more: string[] = [], machine: Partial<Machine> = {}) =>
    configureArguments({ ...plain, ...flags }, more, sources, { ...linux, ...machine }, '/p/build/work');

  test('a plain build names everything that cmake-js would name', () => {
    const args = settings({});
    expect(args).toEqual(
      expect.arrayContaining(['-S', '/p', '-B', path.join('/p/build/work', 'cmake'), '-G', 'Ninja']),
    );
    expect(args).toContain('-DCMAKE_BUILD_TYPE=Release');
    expect(args).toContain('-DCMAKE_JS_INC=/p/vendor/a;/p/vendor/b');
    for (const name of ['NATIVE', 'CUDA', 'VULKAN', 'METAL']) expect(args).toContain(`-DCLMBR_${name}=OFF`);
    expect(args.join(' ')).not.toMatch(/NODELIB|CUDA_ARCHITECTURES/);
  });

  test('what the user hands through comes last, and replaces the generator', () => {
    const args = settings({ native: true }, ['-G', 'Unix Makefiles', '-DCLMBR_NATIVE=OFF']);
    expect(args).not.toContain('Ninja');
    expect(args.indexOf('-DCLMBR_NATIVE=OFF')).toBeGreaterThan(args.indexOf('-DCLMBR_NATIVE=ON'));
  });

  test('Windows gets an import library and the C++ library inside', () => {
    const args = settings({}, [], { platform: 'win32', hasNinja: false });
    expect(args).toContain('-DCMAKE_JS_NODELIB_DEF=/p/vendor/node_api.def');
    expect(args.find((argument) => argument.startsWith('-DCMAKE_JS_LIB='))).toMatch(/\/node\.lib$/);
    expect(args.join(' ')).toContain('MultiThreaded$<');
  });

  test('CUDA takes the architectures of the flag, else of the devices, else none', () => {
    const of = (flags: Partial<BuildFlags>, machine: Partial<Machine> = {}, more: string[] = []) =>
      settings({ cuda: true, ...flags }, more, { nvcc: '/cuda/bin/nvcc', ...machine }).filter((argument) =>
        argument.startsWith('-DCMAKE_CUDA_ARCHITECTURES='),
      );
    expect(of({ cudaArchitectures: '80,90' })).toEqual(['-DCMAKE_CUDA_ARCHITECTURES=80-real;90-real']);
    expect(of({ cudaArchitectures: 'all-major' })).toEqual(['-DCMAKE_CUDA_ARCHITECTURES=all-major']);
    expect(of({ cudaArchitectures: '120a-real;86-virtual' })).toEqual([
      '-DCMAKE_CUDA_ARCHITECTURES=120a-real;86-virtual',
    ]);
    expect(of({}, { computeCapabilities: ['9.0', '12.0'] })).toEqual(['-DCMAKE_CUDA_ARCHITECTURES=90-real;120-real']);
    expect(of({}, {}, ['-DCMAKE_CUDA_ARCHITECTURES=70'])).toEqual(['-DCMAKE_CUDA_ARCHITECTURES=70']);
    expect(() => of({})).toThrow(/--cuda-architectures must say what to build for/);
    expect(() => of({ cudaArchitectures: 'hopper' })).toThrow(/"hopper"/);
    expect(settings({ cuda: true, cudaArchitectures: '90' }, [], { nvcc: '/cuda/bin/nvcc' })).toEqual(
      expect.arrayContaining(['-DCLMBR_CUDA=ON', '-DCMAKE_CUDA_COMPILER=/cuda/bin/nvcc']),
    );
  });

  test.each([
    [{ metal: true }, [], /Metal, which only macOS has/],
    [{ cudaArchitectures: '80' }, [], /is for --cuda/],
    [{}, ['cuda'], /"cuda" is no option/],
  ])('refuses %j %j', (flags, more, message) => {
    expect(() => settings(flags, more)).toThrow(UsageError);
    expect(() => settings(flags, more)).toThrow(message);
  });
});

describe('tools', () => {
  const probe = (programs: Record<string, string>, changes: Partial<Probe> = {}): Probe => ({
    platform: 'linux',
    arch: 'x64',
    env: {},
    output: (command) => programs[command],
    exists: () => false,
    ...changes,
  });
  const basic = { cmake: 'cmake version 3.25.1', 'c++': 'c++ 12', make: 'GNU Make 4.3' };
  const problem = (flags: Partial<BuildFlags>, where: Probe, more: string[] = []) => {
    try {
      findTools({ ...plain, ...flags }, more, where);
    } catch (error) {
      return (error as Error).message;
    }
    return '';
  };

  test('CMake, a compiler and make are enough', () => {
    expect(findTools(plain, [], probe(basic))).toMatchObject({ hasNinja: false, platform: 'linux' });
    expect(findTools(plain, [], probe({ ...basic, ninja: '1.11' })).hasNinja).toBe(true);
  });

  test('names all that is missing at once', () => {
    const message = problem({ cuda: true, vulkan: true }, probe({}));
    for (const name of ['CMake is missing', 'C++17 compiler', 'make tool', 'nvcc', 'glslc'])
      expect(message).toContain(name);
  });

  test('refuses a CMake that is too old', () => {
    expect(problem({}, probe({ ...basic, cmake: 'cmake version 3.16.3' }))).toMatch(/3\.18 or later.*3\.16/);
    expect(problem({ vulkan: true }, probe({ ...basic, glslc: '2025', cmake: 'cmake version 3.18.4' }))).toMatch(
      /3\.19/,
    );
    expect(problem({}, probe({ ...basic, cmake: 'cmake version 4.1.0' }))).toBe('');
  });

  test('finds nvcc in the folder that is named, and asks the devices what they are', () => {
    const exists = (file: string) => file === path.join('/opt/cuda', 'bin', 'nvcc');
    const smi = { ...basic, 'nvidia-smi': '9.0\n9.0\n8.6\n' };
    const flags = { ...plain, cuda: true };
    const found = findTools(flags, ['-DCUDAToolkit_ROOT=/opt/cuda'], probe(smi, { exists }));
    expect(found).toMatchObject({ nvcc: path.join('/opt/cuda', 'bin', 'nvcc'), computeCapabilities: ['9.0', '8.6'] });
    expect(findTools(flags, [], probe(smi, { exists, env: { CUDA_PATH: '/opt/cuda' } })).nvcc).toBe(found.nvcc);
    expect(findTools(flags, ['-DCMAKE_CUDA_COMPILER=/x/nvcc'], probe(basic)).nvcc).toBeUndefined();
    expect(problem({ cuda: true }, probe(smi))).toMatch(/nvcc.*CUDAToolkit_ROOT/);
  });
});

test.each([
  [
    '-- Could NOT find Vulkan (missing: Vulkan_LIBRARY glslc) (found version "")',
    /Vulkan_LIBRARY glslc.*libvulkan-dev/,
  ],
  [
    'CMake Error at x.cmake:1 (find_package):\n  Could not find a package configuration file provided by "SPIRV-Headers"',
    /spirv-h/,
  ],
  [
    'CMake Error at CMakeLists.txt:7 (project):\n\n  The CXX:\n\n    /no/g++\n\n  is missing.\n',
    /7 \(project\): The CXX: \/no\/g\+\+ is missing\./,
  ],
  ['[1/2] cc\nx.cc:3:1: error: expected ;\nmore', /^x\.cc:3:1: error: expected ;$/],
  ['strange', /^strange$/],
])('explains %j', (log, sentence) => expect(explainLog(log)).toMatch(sentence));

test.each([
  ['[ 45%] Building', 0.45],
  ['[12/48] Building', 0.25],
  ['-- Configuring', undefined],
])('reads progress from %j', (line, share) => expect(buildShare(line)).toBe(share));

test.skipIf(process.platform === 'win32')(
  'a stop ends everything that was started, and only then rejects',
  async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'clmbr-stop-'));
    const marker = path.join(folder, 'pid');
    const stop = new AbortController();
    const reason = new Error('stopped');
    // A shell that waits for a child of its own, as CMake waits for ninja.
    const running = run('sh', ['-c', `sleep 600 & echo $! > ${marker}.new; mv ${marker}.new ${marker}; wait`], {
      signal: stop.signal,
    });
    await expect.poll(() => existsSync(marker), { timeout: 5000 }).toBe(true);
    const child = Number(readFileSync(marker, 'utf8'));
    stop.abort(reason);
    await expect(running).rejects.toBe(reason);
    await expect.poll(() => isAlive(child)).toBe(false);
    await expect(run('sh', [], { signal: stop.signal })).rejects.toBe(reason);
    rmSync(folder, { recursive: true });
  },
);

function isAlive(pid: number): boolean {
  try {
    // A zombie counts as ended; only Linux shows it.
    return process.kill(pid, 0) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('a file that is no addon does not pass', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'clmbr-load-'));
  const file = path.join(folder, 'clmbr.node');
  writeFileSync(file, 'no library');
  await expect(checkLoads(file, never)).rejects.toMatchObject({
    code: 'ADDON_UNAVAILABLE',
    message: expect.stringMatching(/does not load here \(.*clmbr\.node/),
  });
  rmSync(folder, { recursive: true });
});

/** The command in a package of its own, with a `cmake` that does what the test says: a true build takes minutes. */
describe.runIf(process.platform !== 'win32' && process.env['CLMBR_PREPARED'])('the command', () => {
  const addon = path.join(root, 'build/Release/clmbr.node');
  let folder: string;
  const inPackage = (...parts: string[]) => path.join(folder, 'package', ...parts);

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'clmbr-build-'));
    cpSync(path.join(root, 'dist'), inPackage('dist'), { recursive: true });
    cpSync(path.join(root, 'package.json'), inPackage('package.json'));
    symlinkSync(path.join(root, 'node_modules'), inPackage('node_modules'));
    for (const file of ['CMakeLists.txt', 'native/addon.cc', 'vendor/ggml/CMakeLists.txt'].concat([
      'vendor/node-api-headers/include/node_api.h',
      'vendor/node-addon-api/napi.h',
    ])) {
      mkdirSync(path.dirname(inPackage(file)), { recursive: true });
      writeFileSync(inPackage(file), '');
    }
    mkdirSync(inPackage('build/Release'), { recursive: true });
    writeFileSync(inPackage('build/Release/clmbr.node'), 'the old one');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** @param compile what `cmake --build` does; `out` is the folder where the addon is expected */
  function build(compile: string, args: string[] = []) {
    const bin = path.join(folder, 'bin');
    mkdirSync(bin);
    const lines = [
      `#!${process.execPath}`,
      "const fs = require('node:fs'), path = require('node:path'), args = process.argv.slice(2);",
      "if (args[0] === '--version') console.log('cmake version 3.31.0');",
      "else if (args[0] === '-S') fs.writeFileSync(process.env.SEEN, JSON.stringify(args));",
      `else { const out = path.join(args[1], '..', 'out'); ${compile} }`,
    ];
    writeFileSync(path.join(bin, 'cmake'), `${lines.join('\n')}\n`, { mode: 0o755 });
    for (const tool of ['c++', 'ninja']) writeFileSync(path.join(bin, tool), '#!/bin/sh\n', { mode: 0o755 });
    const env = { PATH: `${bin}:/usr/bin:/bin`, SEEN: path.join(folder, 'seen') };
    const child = spawn(process.execPath, [inPackage('dist/cli/main.js'), 'build', '--quiet', ...args], { env });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
    const done = new Promise<{ code: number | null; text: string }>((resolve) => {
      child.on('close', (code) => resolve({ code, text }));
    });
    return { child, done };
  }

  const installed = () => readFileSync(inPackage('build/Release/clmbr.node'));
  const success = `fs.mkdirSync(out); fs.copyFileSync(${JSON.stringify(addon)}, path.join(out, 'clmbr.node'));`;

  test('replaces the addon and leaves nothing else behind', async () => {
    const { code, text } = await build(success, ['--native', '--', '-DX=1']).done;
    expect(text).toContain('build/Release/clmbr.node');
    expect(code).toBe(0);
    expect(installed().equals(readFileSync(addon))).toBe(true);
    expect(readdirSync(inPackage('build'))).toEqual(['Release']);
    const seen = JSON.parse(readFileSync(path.join(folder, 'seen'), 'utf8')) as string[];
    expect(seen).toContain('-DCLMBR_NATIVE=ON');
    expect(seen.at(-1)).toBe('-DX=1');
  });

  test.each([
    [
      'that does not compile',
      "console.log('a.cc:1: error: no'); process.exit(1)",
      /The build failed: a\.cc:1: error: no \(the whole log: /,
    ],
    [
      'whose result does not load',
      "fs.mkdirSync(out); fs.writeFileSync(path.join(out, 'clmbr.node'), 'x')",
      /does not load here/,
    ],
    ['that makes nothing', '', /made no addon/],
  ])('a build %s leaves the old addon', async (_, compile, message) => {
    const { code, text } = await build(compile).done;
    expect(text).toMatch(message);
    expect(code).toBe(1);
    expect(installed().toString()).toBe('the old one');
    expect(readdirSync(inPackage('build')).filter((name) => name.startsWith('work-'))).toEqual([]);
  });

  test('Ctrl-C ends it and cleans up', async () => {
    const { child, done } = build(`fs.writeFileSync(process.env.SEEN + '2', ''); setInterval(() => {}, 1000);`);
    await expect.poll(() => existsSync(path.join(folder, 'seen2')), { timeout: 10_000 }).toBe(true);
    child.kill('SIGINT');
    const { code, text } = await done;
    expect(code).toBe(130);
    expect(text).toContain('stopped by SIGINT');
    expect(installed().toString()).toBe('the old one');
    expect(readdirSync(inPackage('build'))).toEqual(['Release']);
  });

  test('says so when the package lacks its sources', async () => {
    rmSync(inPackage('vendor'), { recursive: true });
    const { code, text } = await build(success).done;
    expect(code).toBe(1);
    expect(text).toMatch(/sources to build from are not complete.*node_api\.h is missing/);
  });
});
