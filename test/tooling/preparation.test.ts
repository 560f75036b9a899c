import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { isInstalled } from '../../scripts/lib/dependencies.mjs';
import { tail } from '../../scripts/lib/native-build.mjs';
import { buildShare } from '../../scripts/lib/progress.mjs';
import { checkNode, checkTools } from '../../scripts/lib/tools.mjs';
import { countTests } from '../../scripts/lib/vitest.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('missing tools', () => {
  const machine = (tools: Record<string, string>, platform = 'linux') => ({
    version: (command: string) => tools[command],
    platform,
    env: {},
  });

  test('nothing to say where all are there', () => {
    const all = { git: 'git version 2.39', cmake: 'cmake version 3.25.1', 'c++': 'c++ 12', make: 'GNU Make 4.3' };
    expect(() => checkTools(['git', 'native'], machine(all))).not.toThrow();
    expect(() =>
      checkTools(['native'], machine({ cmake: 'cmake version 4.1.0', 'clang++': '17', ninja: '1' })),
    ).not.toThrow();
  });

  test('names all of them at once, with the way to get each', () => {
    const check = (platform: string) => () => checkTools(['git', 'native'], machine({}, platform));
    for (const [tool, linux, mac] of [
      ['git', 'apt-get install git', 'xcode-select --install'],
      ['CMake', 'apt-get install cmake', 'brew install cmake'],
      [String.raw`C\+\+17 compiler`, String.raw`apt-get install g\+\+`, 'xcode-select --install'],
      ['make tool', 'apt-get install make', 'xcode-select --install'],
    ]) {
      expect(check('linux')).toThrow(new RegExp(`${tool}.* is missing.*\\n.*${linux}`));
      expect(check('darwin')).toThrow(new RegExp(`${tool}.* is missing.*\\n.*${mac}`));
    }
    expect(check('win32')).toThrow(/winget install Git\.Git[^]*winget install Kitware\.CMake/);
    expect(check('win32')).not.toThrow(/compiler/);
  });

  test('refuses a CMake that is too old', () => {
    const old = machine({ cmake: 'cmake version 3.16.3', 'c++': '9', make: '4' });
    expect(() => checkTools(['native'], old)).toThrow(/CMake 3\.18 or later is needed.* this is 3\.16/);
  });

  test('refuses a Node that is too old', () => {
    expect(() => checkNode('20.18.1')).toThrow('Node.js 20.19 or later is needed; this is 20.18.1.');
    expect(() => checkNode('18.20.0')).toThrow();
    expect(() => checkNode('20.19.0')).not.toThrow();
    expect(() => checkNode('22.1.0')).not.toThrow();
  });
});

describe('installed packages', () => {
  const lock = {
    packages: {
      '': { version: '0.1.0' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/b': { version: '2.0.0', integrity: 'sha512-b', optional: true },
    },
  };
  const installed = (packages: Record<string, unknown>) => ({ packages });
  const there = () => true;

  test('current with what the lock file names, optional packages aside', () => {
    expect(isInstalled(lock, installed({ 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } }), there)).toBe(
      true,
    );
  });

  test.each([
    ['missing', {}],
    ['of another version', { 'node_modules/a': { version: '1.0.1', integrity: 'sha512-a' } }],
    ['of other content', { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-x' } }],
  ])('not current with a package %s', (_, packages) => {
    expect(isInstalled(lock, installed(packages), there)).toBe(false);
  });

  test('not current with a folder deleted by hand', () => {
    const packages = { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } };
    expect(isInstalled(lock, installed(packages), () => false)).toBe(false);
  });
});

test('progress is read from the lines of make and ninja', () => {
  expect(buildShare('[ 45%] Building CXX object x.o')).toBe(0.45);
  expect(buildShare('[100%] Built target clmbr')).toBe(1);
  expect(buildShare('[12/48] Building CXX object x.o')).toBe(0.25);
  expect(buildShare('-- Configuring done')).toBeUndefined();
});

test('a failed build shows the part of the log with the error', () => {
  const before = Array.from({ length: 100 }, (_, i) => `[${i}/200] Building x${i}.o`);
  const after = Array.from({ length: 100 }, (_, i) => `note ${i}`);
  const shown = tail([...before, "addon.cc:1:1: error: 'x' was not declared", ...after].join('\n')).split('\n');
  expect(shown[2]).toMatch(/was not declared/);
  expect(shown).toHaveLength(60);
  expect(tail(before.join('\n')).split('\n')).toHaveLength(60);
});

test('tests are counted so that a file which did not load is a failure', () => {
  const totals = { numPassedTests: 3, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 };
  const testResults = [
    { status: 'passed', assertionResults: [{ status: 'passed' }] },
    { status: 'failed', assertionResults: [{ status: 'failed' }] },
    { status: 'failed', assertionResults: [] },
  ];
  expect(countTests({ ...totals, testResults })).toEqual({ passed: 3, failed: 2, skipped: 3 });
});

// Outside `npm test` the build may be older than the sources, and this would rebuild it under the other tests.
test.runIf(process.env.CLMBR_PREPARED)('an unchanged tree rebuilds nothing', () => {
  const { stdout, status } = spawnSync(process.execPath, ['scripts/build.mjs'], { cwd: root, encoding: 'utf8' });
  const ggml = process.env.CLMBR_GGML_DIR ? [] : [expect.stringMatching(/^> ggml [\d.]+: up to date$/)];
  const native = process.env.CLMBR_GGML_DIR ? [] : ['> native addon: up to date'];
  expect(stdout.split('\n')).toEqual(
    expect.arrayContaining(['> npm packages: up to date', ...ggml, ...native, '> dist: up to date']),
  );
  expect(status).toBe(0);
});
