import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parsePin } from '../../scripts/lib/ggml-pin.mjs';
import { extractOne } from '../../scripts/lib/tar.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'clmbr-ggml-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A ustar archive; a slash in `prefix|name` marks where ustar splits a long name. */
function tar(entries: [name: string, content: Buffer][]): Buffer {
  const blocks: Buffer[] = [];
  for (const [fullName, content] of entries) {
    const [prefix, name] = fullName.includes('|') ? fullName.split('|') : ['', fullName];
    const header = Buffer.alloc(512);
    header.write(name!, 0);
    header.write('0000644\0', 100);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('ustar\u000000', 257);
    header.write(prefix!, 345);
    blocks.push(header, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

describe('extracting one file of an npm tarball', () => {
  const large = randomBytes(300_001);
  const archive = () => path.join(folder, 'test.tgz');
  beforeAll(() =>
    writeFileSync(
      archive(),
      tar([
        ['package/empty', Buffer.alloc(0)],
        ['package/large', large],
        ['package/exact', Buffer.alloc(1024, 7)],
        [`package/${'d'.repeat(90)}|long`, Buffer.from('found')],
      ]),
    ),
  );

  test.each([
    ['package/large', large],
    ['package/exact', Buffer.alloc(1024, 7)],
    [`package/${'d'.repeat(90)}/long`, Buffer.from('found')],
  ])('%s', async (name, content) => {
    const target = path.join(folder, 'extracted');
    expect(await extractOne(archive(), name, target)).toBe(true);
    expect(readFileSync(target).equals(content)).toBe(true);
  });

  test('says when the file is not there', async () => {
    expect(await extractOne(archive(), 'package/other', path.join(folder, 'other'))).toBe(false);
  });
});

describe('the pin', () => {
  test('is read from the file that CMake reads', () => {
    expect(parsePin(readFileSync(path.join(root, 'native/ggml.cmake'), 'utf8'))).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      package: 'node-llama-cpp',
      packageVersion: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      integrity: expect.stringMatching(/^sha512-[A-Za-z0-9+/]{86}==$/),
    });
  });

  test('is named when it is missing', () => {
    expect(() => parsePin('set(CLMBR_GGML_VERSION 1)')).toThrow(/CLMBR_GGML_VERSION/);
  });
});

/**
 * The real steps in a small checkout of their own, with a package that a stand-in for npm "packs": a git bundle with
 * ggml/, a licence and something else.
 */
describe('fetching ggml', () => {
  let checkout: string;
  let tarball: string;
  let integrity: string;

  beforeAll(() => {
    const source = path.join(folder, 'source');
    mkdirSync(path.join(source, 'ggml/src'), { recursive: true });
    writeFileSync(path.join(source, 'ggml/CMakeLists.txt'), 'project(ggml)\n');
    writeFileSync(path.join(source, 'ggml/src/ggml.c'), 'int x;\n');
    writeFileSync(path.join(source, 'LICENSE'), 'MIT\n');
    writeFileSync(path.join(source, 'other.txt'), 'not wanted\n');
    const bundle = path.join(folder, 'release.bundle');
    for (const args of [
      ['init', '--quiet'],
      ['add', '.'],
      ['-c', 'user.name=t', '-c', 'user.email=t@example.org', 'commit', '--quiet', '-m', 'release'],
      ['bundle', 'create', '--quiet', bundle, 'HEAD'],
    ]) {
      const { status, stderr } = spawnSync('git', args, { cwd: source, encoding: 'utf8' });
      expect(status, stderr).toBe(0);
    }
    tarball = path.join(folder, 'package.tgz');
    writeFileSync(
      tarball,
      tar([
        ['package/package.json', Buffer.from('{}')],
        ['package/llama/gitRelease.bundle', readFileSync(bundle)],
      ]),
    );
    integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  });

  beforeEach(() => {
    checkout = mkdtempSync(path.join(folder, 'checkout-'));
    cpSync(path.join(root, 'scripts/lib'), path.join(checkout, 'scripts/lib'), { recursive: true });
    mkdirSync(path.join(checkout, 'native'));
    writeFileSync(
      path.join(checkout, 'npm-cli.cjs'),
      `const fs = require('node:fs');
       fs.appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
       const to = process.argv[process.argv.indexOf('--pack-destination') + 1];
       if (process.env.TEST_TARBALL) fs.copyFileSync(process.env.TEST_TARBALL, to + '/package.tgz');
       else { console.error('no network'); process.exit(1); }`,
    );
    pin(integrity);
  });

  function pin(expected: string) {
    writeFileSync(
      path.join(checkout, 'native/ggml.cmake'),
      `set(CLMBR_GGML_VERSION "9.9.9")\nset(CLMBR_GGML_PACKAGE "source-package")\n` +
        `set(CLMBR_GGML_PACKAGE_VERSION "1.2.3")\nset(CLMBR_GGML_PACKAGE_INTEGRITY "${expected}")\n`,
    );
  }

  function fetchGgml(environment: Record<string, string> = {}) {
    const env: NodeJS.ProcessEnv = { ...process.env, npm_execpath: path.join(checkout, 'npm-cli.cjs'), ...environment };
    if (!('CLMBR_GGML_DIR' in environment)) delete env.CLMBR_GGML_DIR;
    const program =
      "import { fetchGgml } from './scripts/lib/ggml-fetch.mjs'; import { main } from './scripts/lib/report.mjs';" +
      "await main(async () => { console.log('at ' + await fetchGgml()); });";
    const args = ['--input-type=module', '-e', program];
    return spawnSync(process.execPath, args, { cwd: checkout, env, encoding: 'utf8' });
  }
  const calls = () => readFileSync(path.join(checkout, 'npm-calls'), 'utf8').trim().split('\n');

  test('leaves ggml with its licence and nothing else, and does it once', () => {
    const first = fetchGgml({ TEST_TARBALL: tarball, GIT_DIR: '/nowhere' });
    expect(first.status, first.stderr).toBe(0);
    const target = path.join(checkout, '.ggml/9.9.9');
    expect(first.stdout).toContain(`at ${target}`);
    expect(readdirSync(target).sort()).toEqual(['.integrity', 'CMakeLists.txt', 'LICENSE', 'src']);
    expect(readdirSync(path.join(checkout, '.ggml'))).toEqual(['9.9.9']);
    expect(calls()).toEqual([expect.stringMatching(/^pack source-package@1\.2\.3 /)]);

    const second = fetchGgml();
    expect(second.stdout).toContain('up to date');
    expect(calls()).toHaveLength(1);
  });

  test('fetches again when the pin moved', () => {
    expect(fetchGgml({ TEST_TARBALL: tarball }).status).toBe(0);
    pin(`sha512-${'A'.repeat(86)}==`);
    expect(fetchGgml({ TEST_TARBALL: tarball }).status).toBe(1);
    expect(calls()).toHaveLength(2);
  });

  test('refuses another file than the pinned one and leaves nothing behind', () => {
    pin(`sha512-${'A'.repeat(86)}==`);
    const { status, stderr } = fetchGgml({ TEST_TARBALL: tarball });
    expect(status).toBe(1);
    expect(stderr).toContain('source-package 1.2.3 is not the file that native/ggml.cmake pins');
    expect(readdirSync(path.join(checkout, '.ggml'))).toEqual([]);
  });

  test('says what to do without a registry', () => {
    const { status, stderr } = fetchGgml();
    expect(status).toBe(1);
    expect(stderr).toMatch(/could not fetch source-package@1\.2\.3:\nno network\n[^]*CLMBR_GGML_DIR/);
  });

  test('takes a folder of the user instead', () => {
    const own = path.join(folder, 'source/ggml');
    const { status, stdout } = fetchGgml({ CLMBR_GGML_DIR: own });
    expect(status).toBe(0);
    expect(stdout).toContain(`at ${own}`);
    expect(existsSync(path.join(checkout, 'npm-calls'))).toBe(false);
    const wrong = fetchGgml({ CLMBR_GGML_DIR: folder });
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toContain(`CLMBR_GGML_DIR is ${folder}, where there is no CMakeLists.txt of ggml.`);
  });
});
