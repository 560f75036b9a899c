import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { nativeTarget } from '../../scripts/lib/prebuild/targets.mjs';
import { checkRelease, wantedFiles } from '../../scripts/lib/release/main.mjs';
import { newestEntry, versionProblems } from '../../scripts/lib/release/versions.mjs';
import { elf } from '../native/elf.ts';
import { builtAddon } from '../native/staged.ts';
import { temporaryFolder } from '../support/temporary.ts';

interface Target {
  name: string;
  platform: string;
  arch: string;
  libc?: string;
  path: string;
}

interface Manifest {
  version: string;
  commit: string;
  files: { path: string; libc?: string; commit: string; sources: string }[];
}

const folder = await temporaryFolder();
const root = join(folder, 'checkout');
const here = nativeTarget() as Target;
const everything = wantedFiles([]) as Target[];
const origin = { version: '1.2.3', commit: 'c0ffee', sources: 'abc' };

/** A file of a platform as far as its header goes. */
function headerOf({ platform, arch }: Target): Buffer {
  if (platform === 'linux') return elf({ machine: arch === 'x64' ? 62 : 183, needed: [] });
  const bytes = Buffer.alloc(1024);
  if (platform === 'darwin') {
    bytes.writeUInt32LE(0xfeedfacf, 0);
    bytes.writeUInt32LE(arch === 'x64' ? 0x1000007 : 0x100000c, 4);
    return bytes;
  }
  bytes.write('MZ');
  bytes.writeUInt32LE(128, 60);
  bytes.write('PE\0\0', 128, 'latin1');
  bytes.writeUInt16LE(0x8664, 132);
  return bytes;
}

const write = async (path: string, content: Buffer | string | object) => {
  const text = typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content);
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
};

async function writePrebuilds(targets: Target[], contentOf: (target: Target) => Buffer | Promise<Buffer>, place = '') {
  const files = [];
  for (const target of targets) {
    const { path, platform, arch, libc } = target;
    const content = await contentOf(target);
    await write(`${place}${path}`, content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    const { commit, sources } = origin;
    files.push({ path, sha256, bytes: content.length, platform, arch, ...(libc && { libc }), commit, sources });
  }
  await write(`${place}prebuilds/manifest.json`, { ...origin, files });
}

/** Changes what the manifest says. */
async function editManifest(edit: (manifest: Manifest) => void) {
  const manifest = JSON.parse(await readFile(join(root, 'prebuilds/manifest.json'), 'utf8')) as Manifest;
  edit(manifest);
  await write('prebuilds/manifest.json', manifest);
}

const isOwn = (target: Target) => target.name === here.name;

/** The exit code, and the checks that failed with their problems. */
async function check(options: object = {}, wanted = everything) {
  const lines: string[] = [];
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  try {
    const code = (await checkRelease({
      root,
      origin,
      wanted,
      here,
      options: { allowChanges: true, ...options },
    })) as number;
    const text = lines.join('');
    expect(text).toMatch(code === 0 ? /1\.2\.3 can be released\.\n$/ : /1\.2\.3 cannot be released: \d+ problems\.\n$/);
    return { code, text, failed: [...text.matchAll(/^FAILED +(.*)$/gm)].map(([, name]) => name) };
  } finally {
    spy.mockRestore();
  }
}

beforeEach(async () => {
  await rm(root, { recursive: true, force: true });
  const repository = { type: 'git', url: 'git+https://example.org/clmbr.git' };
  await write('package.json', { name: 'clmbr', version: '1.2.3', repository });
  await write('package-lock.json', { version: '1.2.3' });
  await write('CHANGELOG.md', '# Changelog\n\n## 1.2.3 - 2026-05-01\n\n## 1.2.2 - 2026-01-01\n');
  await write('packages/cuda/package.json', { version: '1.2.3', peerDependencies: { clmbr: '1.2.3' }, repository });
  await writePrebuilds(everything, (target) => (isOwn(target) ? readFile(builtAddon) : headerOf(target)));
});

// A library that was built here may ask for a newer glibc than a release may; that is another test's business.
const inspected = (text: string) => text.replace(/^ +prebuilds\/.*: it needs glibc .*\n/gm, '');

describe('a release', () => {
  it('that is whole passes, and its own file is loaded', async () => {
    const { text, failed } = await check({ tag: 'v1.2.3' });
    expect(text).toMatch(new RegExp(`loaded ${here.path ?? 'prebuilds/'}.*scalar`));
    expect(inspected(text)).not.toMatch(/^ {8}(?!loaded)/m);
    expect(failed.filter((name) => !name!.startsWith('prebuilds'))).toEqual([]);
  });

  it('has all seven files', async () => {
    expect(everything.map(({ path }) => path)).toEqual([
      'prebuilds/linux-x64/clmbr.glibc.node',
      'prebuilds/linux-x64/clmbr.musl.node',
      'prebuilds/linux-arm64/clmbr.glibc.node',
      'prebuilds/linux-arm64/clmbr.musl.node',
      'prebuilds/win32-x64/clmbr.node',
      'prebuilds/darwin-arm64/clmbr.node',
      'prebuilds/darwin-x64/clmbr.node',
    ]);
    const without = wantedFiles(['darwin-arm64', 'darwin-x64']) as Target[];
    await writePrebuilds(without, (target) => (isOwn(target) ? readFile(builtAddon) : headerOf(target)));
    await rm(join(root, 'prebuilds/darwin-arm64'), { recursive: true });
    await rm(join(root, 'prebuilds/darwin-x64'), { recursive: true });
    expect((await check()).text).toContain(
      'prebuilds/darwin-x64/clmbr.node is not in manifest.json: darwin-x64 was not built',
    );
    expect(inspected((await check({}, without)).text)).not.toMatch(/^ {8}(?!loaded)/m);
    expect(() => wantedFiles(['beos'])).toThrow(/There is no target beos; the targets are linux-x64-glibc/);
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['a file is gone', () => rm(join(root, 'prebuilds/win32-x64/clmbr.node')), 'win32-x64/clmbr.node is missing'],
    [
      'a file is another',
      () => write('prebuilds/win32-x64/clmbr.node', Buffer.alloc(1024)),
      'win32-x64/clmbr.node has the SHA-256',
    ],
    [
      'a file is longer',
      () => write('prebuilds/win32-x64/clmbr.node', Buffer.alloc(9)),
      'win32-x64/clmbr.node has 9 bytes, not 1024',
    ],
    [
      'there is a file more',
      () => write('prebuilds/linux-ppc64/clmbr.node', 'x'),
      'linux-ppc64/clmbr.node is not in manifest.json, so',
    ],
    [
      'there is no manifest',
      () => rm(join(root, 'prebuilds/manifest.json')),
      'manifest.json is missing: run npm run prebuild',
    ],
    ['the manifest is broken', () => write('prebuilds/manifest.json', '{'), 'manifest.json is no JSON'],
    ['it is of another version', () => editManifest((m) => (m.version = '1.2.2')), 'is of version 1.2.2, not 1.2.3'],
    ['it is of another commit', () => editManifest((m) => (m.commit = 'bad')), 'is of commit bad, not c0ffee'],
    [
      'a file is of another commit',
      () => editManifest((m) => (m.files[6]!.commit = 'bad')),
      'darwin-x64/clmbr.node was built at commit bad, not c0ffee',
    ],
    [
      'a file is of other sources',
      () => editManifest((m) => (m.files[6]!.sources = 'old')),
      'darwin-x64/clmbr.node was built from other sources (c0ffee)',
    ],
    [
      'a file is entered wrongly',
      () => editManifest((m) => (m.files[1]!.libc = 'glibc')),
      'clmbr.musl.node is entered as linux-x64-glibc',
    ],
  ])('fails where %s', async (_, break_, text) => {
    await break_();
    const { code, text: said, failed } = await check();
    expect(code).toBe(1);
    expect(failed.some((name) => name!.startsWith('prebuilds'))).toBe(true);
    expect(said).toContain(text);
  });

  it('fails where a file is for another processor than its name says', async () => {
    await writePrebuilds(everything, (target) =>
      headerOf(target.name === 'linux-arm64-musl' ? everything[0]! : target),
    );
    expect((await check()).text).toContain('prebuilds/linux-arm64/clmbr.musl.node: it is ELF x64, not ELF arm64');
  });

  it('fails where its own file does not load', async () => {
    await writePrebuilds(everything, (target) => headerOf(target));
    const { text, failed } = await check();
    expect(failed).toContain('loading');
    expect(text).toMatch(/does not load here: /);
  });

  it('takes files of another commit with the same sources where that is asked for', async () => {
    await editManifest((m) => {
      m.commit = 'older';
      for (const file of m.files) file.commit = 'older';
    });
    expect(inspected((await check({ sameSources: true })).text)).not.toMatch(/^ {8}(?!loaded)/m);
    expect((await check()).text.match(/older/g)).toHaveLength(8);
  });

  it('fails for another tag', async () => {
    const { failed, text } = await check({ tag: 'v1.2.4' });
    expect(failed).toContain('tag');
    expect(text).toContain('the tag is v1.2.4, and the version 1.2.3 asks for v1.2.3');
  });

  it('with a tag fails where a package does not say where its sources are', async () => {
    await write('packages/cuda/package.json', { version: '1.2.3', peerDependencies: { clmbr: '1.2.3' } });
    expect((await check()).failed).not.toContain('tag');
    expect((await check({ tag: 'v1.2.3' })).text).toContain('packages/cuda/package.json: there is no "repository"');
  });

  it('looks at the optional package where it holds an addon, or has to', async () => {
    expect((await check({ cuda: true })).failed).toContain('clmbr-cuda');
    const target = everything[0]!;
    await writePrebuilds([target], () => Buffer.from('anything'), 'packages/cuda/');
    const whole = await check({ cuda: true });
    expect(whole.failed).not.toContain('clmbr-cuda');
    expect(whole.text).toContain('ok      clmbr-cuda');
    await write(`packages/cuda/${target.path}`, 'otherwise');
    expect((await check()).failed).toContain('clmbr-cuda');
  });

  it('is made from a clean tree', async () => {
    const git = (...args: string[]) =>
      spawnSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: root });
    expect((await check({ allowChanges: false })).failed).toContain('git');
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'all');
    expect((await check({ allowChanges: false })).failed).not.toContain('git');
    await write('left-over.txt', '');
    expect((await check({ allowChanges: false })).text).toContain('the tree is not clean: left-over.txt\n');
  });
});

describe('the versions', () => {
  const problems = (dated = true) => versionProblems(root, { dated }) as string[];

  it.each([
    ['## 1.2.3 - 2026-01-31', { version: '1.2.3', date: '2026-01-31' }],
    ['## [1.2.3] - 2026-01-31', { version: '1.2.3', date: '2026-01-31' }],
    ['## 2.0.0-beta.1 - unreleased', { version: '2.0.0-beta.1', date: 'unreleased' }],
    ['Nothing', { version: '0.1.0', date: undefined }],
  ])('of %j', (heading, entry) => {
    expect(newestEntry(`# Changelog\n\n${heading}\n\n## 0.1.0\n`)).toEqual(entry);
  });

  it('agree', () => expect(problems()).toEqual([]));

  it.each([
    ['CHANGELOG.md', '## 1.2.2 - 2026-01-01\n', 'the newest entry is 1.2.2'],
    ['CHANGELOG.md', '## 1.2.3 - unreleased\n', 'the entry of 1.2.3 has no date'],
    ['CHANGELOG.md', 'None yet.\n', 'there is no heading'],
    ['package-lock.json', { version: '1.2.2' }, 'it says 1.2.2'],
    ['packages/cuda/package.json', { version: '1.2.2', peerDependencies: { clmbr: '1.2.3' } }, 'its version is 1.2.2'],
    [
      'packages/cuda/package.json',
      { version: '1.2.3', peerDependencies: { clmbr: '^1.2.3' } },
      'asks for clmbr ^1.2.3',
    ],
  ])('are told apart in %s (%j)', async (path, content, text) => {
    await write(path, content);
    expect(problems()).toEqual([expect.stringContaining(text)]);
    expect(problems()[0]).toMatch(new RegExp(`^${path}: `));
  });

  it('need no date before the release', async () => {
    await write('CHANGELOG.md', '## 1.2.3 - unreleased\n');
    expect(problems(false)).toEqual([]);
  });
});
