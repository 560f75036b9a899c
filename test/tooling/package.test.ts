import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const readJson = (name: string) => JSON.parse(readFileSync(path.join(root, name), 'utf8'));

describe('package.json', () => {
  const manifest = readJson('package.json');

  test('runs nothing on the machine that installs the package', () => {
    const forbidden = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare'];
    expect(Object.keys(manifest.scripts).filter((name) => forbidden.includes(name))).toEqual([]);
    // npm runs `node-gyp rebuild` by itself where it finds this file.
    expect(existsSync(path.join(root, 'binding.gyp'))).toBe(false);
  });

  test('pins every dependency to one version', () => {
    for (const [name, range] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }))
      expect(range, name).toMatch(/^\d+\.\d+\.\d+(-r\.\d+)?$/);
  });

  test('keeps cmake-js from downloading headers', () => {
    expect(manifest.binary.napi_versions).toEqual([8]);
  });

  test('puts types before everything else', () => {
    expect(Object.keys(manifest.exports['.'])[0]).toBe('types');
  });
});

test('the lock file names no registry', () => {
  const lock = readJson('package-lock.json');
  const entries = Object.entries(lock.packages as Record<string, { resolved?: string; integrity?: string }>);
  expect(entries.length).toBeGreaterThan(50);
  for (const [where, entry] of entries.filter(([name]) => name !== '')) {
    expect(entry.resolved, where).toBeUndefined();
    expect(entry.integrity, where).toMatch(/^sha512-/);
  }
});

// Until lib/index.ts is written there is nothing to build; from then on a missing dist/ is a failure.
describe('the built package, seen by a user', () => {
  let user: string;
  beforeAll(() => {
    user = mkdtempSync(path.join(tmpdir(), 'clmbr-user-'));
    mkdirSync(path.join(user, 'node_modules/@types'), { recursive: true });
    symlinkSync(root, path.join(user, 'node_modules/clmbr'), 'junction');
    symlinkSync(path.join(root, 'node_modules/@types/node'), path.join(user, 'node_modules/@types/node'), 'junction');
  });
  afterAll(() => rmSync(user, { recursive: true, force: true }));

  function runNode(args: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: user, encoding: 'utf8' });
    expect(status, stderr + stdout).toBe(0);
    return stdout.trim();
  }

  test('require() works and gives what import gives', () => {
    const required = runNode(['-e', "console.log(Object.keys(require('clmbr')).sort().join())"]);
    const imported = runNode([
      '--input-type=module',
      '-e',
      "console.log(Object.keys(await import('clmbr')).sort().join())",
    ]);
    expect(required.replace('__esModule,', '')).toBe(imported);
    expect(imported.split(',')).toEqual(expect.arrayContaining(['ClmbrError', 'ClmbrTokenizer', 'loadModel']));
  });

  test('its declarations compile in ESM and CommonJS with every check on', () => {
    const source =
      "import { loadModel } from 'clmbr';\nexport const load: (path: string) => Promise<unknown> = loadModel;\n";
    writeFileSync(path.join(user, 'esm.mts'), source);
    writeFileSync(path.join(user, 'ts.cts'), source);
    const options = { strict: true, skipLibCheck: false, noEmit: true, target: 'es2022', types: ['node'] };
    for (const [name, module, file] of [
      ['esm', 'nodenext', 'esm.mts'],
      ['cts', 'nodenext', 'ts.cts'],
    ]) {
      const project = path.join(user, `tsconfig.${name}.json`);
      writeFileSync(project, JSON.stringify({ compilerOptions: { ...options, module }, files: [file] }));
      runNode([path.join(root, 'node_modules/typescript/bin/tsc'), '-p', project]);
    }
  });
});

/** What the binary must not contain; on Windows and macOS the names would look different. */
describe.runIf(process.platform === 'linux' && process.env.CLMBR_PREPARED)('the addon', () => {
  const binary = () => readFileSync(path.join(root, 'build/Release/clmbr.node'));

  test("leaves the process's terminate handler alone", () => {
    // ggml.cpp is the only code that would import this function; see native/ggml.cmake.
    expect(binary().includes('set_terminate')).toBe(false);
  });

  test("carries no parser of ggml's", () => {
    expect(binary().includes('gguf_init_from')).toBe(false);
  });

  test('exports nothing but what Node looks for', () => {
    const symbols = spawnSync('nm', ['-D', '--defined-only', 'build/Release/clmbr.node'], {
      cwd: root,
      encoding: 'utf8',
    });
    const names = symbols.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ').pop());
    expect(names.sort()).toEqual(['napi_register_module_v1', 'node_api_module_get_api_version_v1']);
  });
});
