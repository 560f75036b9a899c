import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary.ts';
import { builtAddon, compile, hasCompiler, ownFile, ownLibc, ownPlatform, StagedPackage, version } from './staged.ts';

const project = await temporaryFolder();
const isLinux = process.platform === 'linux';
const otherLibc = ownLibc === 'musl' ? 'glibc' : 'musl';
let staged: StagedPackage;
let addon: Buffer;

beforeAll(async () => {
  staged = await StagedPackage.create(project);
  addon = await readFile(builtAddon);
});

describe('the default addon', () => {
  it('is the prebuilt one, or the one that was built here', async () => {
    await staged.carry({ [ownFile]: addon });
    const prebuilt = await staged.load();
    expect(prebuilt).toMatchObject({ problem: 'loaded', path: join(staged.folder, ownFile) });
    expect(prebuilt.kernels).toContain('scalar');
    await staged.carry({ [ownFile]: Buffer.from('broken'), 'build/Release/clmbr.node': addon });
    const built = join(staged.folder, 'build/Release/clmbr.node');
    expect(await staged.load()).toMatchObject({ problem: 'loaded', path: built });
  });

  it.runIf(isLinux)(
    "is the one for this process's C library, whatever node-gyp-build takes the system for",
    async () => {
      const folder = `prebuilds/${ownPlatform}`;
      await staged.carry({
        [`${folder}/clmbr.${ownLibc}.node`]: addon,
        [`${folder}/clmbr.${otherLibc}.node`]: Buffer.alloc(9),
      });
      for (const LIBC of ['musl', 'glibc'])
        expect(await staged.load({ env: { LIBC } })).toMatchObject({
          problem: 'loaded',
          path: join(staged.folder, ownFile),
        });
    },
  );
});

describe('a load that fails says why', () => {
  it('without any addon', async () => {
    await staged.carry({});
    const { problem, message, path } = await staged.load();
    expect({ problem, path }).toEqual({ problem: 'no-file', path: null });
    expect(message).toContain('carries no addon for any platform');
  });

  it('with addons for other platforms', async () => {
    await staged.carry({ 'prebuilds/aix-ppc64/clmbr.node': addon, 'prebuilds/linux-riscv64/clmbr.musl.node': addon });
    const { problem, message } = await staged.load();
    expect(problem).toBe('no-file');
    expect(message).toContain(`there is none for ${ownPlatform}`);
    expect(message).toContain('the package carries aix-ppc64, linux-riscv64 (musl); ');
  });

  it.runIf(isLinux)('with an addon for another C library', async () => {
    await staged.carry({ [`prebuilds/${ownPlatform}/clmbr.${otherLibc}.node`]: addon });
    const { problem, message } = await staged.load();
    expect(problem).toBe('other-libc');
    expect(message).toContain(`uses ${ownLibc}, and the package carries ${ownPlatform} for ${otherLibc} only`);
  });

  // Without the check before, Linux kills the process when it reads what the file lacks.
  it.each([0, 3, 60, 4096, 300_000, 900_000])('with the first %i bytes of a file', async (length) => {
    await staged.carry({ [ownFile]: addon.subarray(0, length) });
    const { problem, message, path } = await staged.load();
    expect(problem).toMatch(
      isLinux ? (length < 4 && length > 0 ? /^not-an-addon$/ : /^truncated$/) : /^(truncated|not-an-addon)$/,
    );
    expect(message).toContain(`run \`npm install clmbr@${version}\``);
    expect(path).toBe(join(staged.folder, ownFile));
  });

  it('with a page of text in place of the file', async () => {
    await staged.carry({ [ownFile]: Buffer.from('version https://git-lfs.github.com/spec/v1\n') });
    expect((await staged.load()).message).toContain('is no program code, so it was damaged or replaced');
  });

  it.runIf(isLinux)('with a file for another processor', async () => {
    const other = Buffer.from(addon);
    other.writeUInt16LE(process.arch === 'arm64' ? 62 : 183, 18);
    await staged.carry({ [ownFile]: other });
    const { problem, message } = await staged.load();
    expect(problem).toBe('other-platform');
    expect(message).toContain(
      `is for linux-${process.arch === 'arm64' ? 'x64' : 'arm64'} and this process is ${ownPlatform}`,
    );
  });

  it.runIf(isLinux)('with a link to nothing', async () => {
    await staged.carry({ [`prebuilds/${ownPlatform}/other.txt`]: Buffer.alloc(0) });
    await symlink(join(staged.folder, 'gone'), join(staged.folder, ownFile));
    expect(await staged.load()).toMatchObject({
      problem: 'unreadable',
      message: expect.stringContaining('a link to nothing'),
    });
  });

  it.runIf(isLinux)('with a file that the user may not read', async () => {
    await staged.carry({ [ownFile]: addon });
    await chmod(join(staged.folder, ownFile), 0);
    // Nothing is closed to root, who can become somebody else.
    const setUp = process.getuid!() === 0 ? 'process.setgid(65534); process.setuid(65534);' : '';
    const { problem, message } = await staged.load({ setUp });
    expect(problem).toBe('unreadable');
    expect(message).toContain('this user may not read');
  });

  it('to a Node that loads no addons', async () => {
    await staged.carry({ [ownFile]: addon });
    expect((await staged.load({ node: ['--no-addons'] })).problem).toBe('addons-disabled');
  });

  it.each([
    ["{ node: '20.18.1' }", 'it needs Node 20.19.0 or newer and this is 20.18.1'],
    ["{ napi: '7' }", 'it needs Node-API 8 and Node'],
    ["{ napi: undefined, bun: '1.0.0' }", 'it needs Node-API 8 and Bun 1.0.0 has none'],
  ])('to a runtime of versions %s', async (versions, text) => {
    await staged.carry({ [ownFile]: addon });
    const setUp = `Object.defineProperty(process, 'versions', { value: { ...process.versions, ...${versions} } })`;
    expect(await staged.load({ setUp })).toMatchObject({ problem: 'runtime', message: expect.stringContaining(text) });
  });

  it('to code that was taken out of its package', async () => {
    const copy = await StagedPackage.create(join(project, 'bundled'));
    await copy.carry({ [ownFile]: addon });
    await writeFile(join(copy.folder, 'package.json'), JSON.stringify({ name: 'application', type: 'module' }));
    expect(await copy.load()).toMatchObject({ problem: 'bundled', path: null });
  });
});

const canMount =
  isLinux && spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs -o noexec none /mnt']).status === 0;

describe.runIf(canMount)('on a file system that is mounted with noexec', () => {
  it('says so', async () => {
    await staged.carry({ [ownFile]: addon });
    const folder = join(staged.folder, 'prebuilds');
    const mount = 'cp -r "$0" "$0.copy" && mount -t tmpfs -o noexec none "$0" && cp -r "$0.copy/." "$0" && exec "$@"';
    const { problem, message } = await staged.load({ through: ['unshare', '-rm', 'sh', '-c', mount, folder] });
    expect(problem).toBe('not-executable');
    expect(message).toContain('mounted with noexec');
  });
});

describe.runIf(isLinux && hasCompiler && ownLibc === 'glibc')('what the loader of Linux finds', () => {
  /** Loads a library that was linked against a stand-in with this name (and symbol version), which is then gone. */
  async function linked(soname: string, symbolVersion?: string) {
    const stub = join(project, 'libstub.so');
    const script = join(project, 'versions');
    await writeFile(script, `${symbolVersion ?? 'NONE'} { global: clmbr_stub; };\n`);
    const versions = symbolVersion === undefined ? [] : [`-Wl,--version-script=${script}`];
    await compile(stub, 'int clmbr_stub(void) { return 1; }', `-Wl,-soname,${soname}`, ...versions);
    const code = 'int clmbr_stub(void); int (*user)(void) = clmbr_stub;';
    const file = await compile(join(project, 'linked.so'), code, '-Wl,--no-as-needed', stub);
    await rm(stub);
    await staged.carry({ [ownFile]: file });
    return staged.load();
  }

  it.each([
    ['libcublas.so.13', 'missing-library', "NVIDIA's CUDA 13 runtime supplies it"],
    ['libcudart.so.13', 'missing-library', "NVIDIA's CUDA 13 runtime supplies it"],
    ['libclmbr-nowhere.so.1', 'missing-library', 'install the package that supplies it'],
  ])('a missing library: %s', async (name, problem, text) => {
    const attempt = await linked(name);
    expect(attempt).toMatchObject({ problem, message: expect.stringContaining(text) });
    expect(attempt.message).toContain(`the library ${name} is missing`);
  });

  it('a file for musl', async () => {
    const { problem, message } = await linked('libc.musl-x86_64.so.1');
    expect({ problem, message }).toMatchObject({
      problem: 'other-libc',
      message: expect.stringContaining('is for musl'),
    });
  });

  it('a glibc that is too old', async () => {
    const { problem, message } = await linked('libc.so.6', 'GLIBC_9.99');
    expect(problem).toBe('old-glibc');
    expect(message).toMatch(/needs glibc 9\.99 or newer and this system has 2\.\d+; use a newer distribution/);
  });

  it('a libstdc++ that is too old', async () => {
    expect(await linked('libstdc++.so.6', 'GLIBCXX_9.9.99')).toMatchObject({ problem: 'old-libstdc++' });
  });

  it('a Node without a function', async () => {
    const code = 'int napi_of_the_future(void); int (*user)(void) = napi_of_the_future;';
    await staged.carry({ [ownFile]: await compile(join(project, 'future.so'), code) });
    const { problem, message } = await staged.load();
    expect(problem).toBe('runtime');
    expect(message).toContain('lacks the function napi_of_the_future');
  });

  it('a library that is no addon, and an addon that is not ours', async () => {
    await staged.carry({ [ownFile]: await compile(join(project, 'plain.so'), 'int nothing(void) { return 0; }') });
    expect(await staged.load()).toMatchObject({ problem: 'not-an-addon' });
    const code = 'void *napi_register_module_v1(void *env, void *exports) { return exports; }';
    await staged.carry({ [ownFile]: await compile(join(project, 'foreign.so'), code) });
    expect((await staged.load()).message).toContain('is an addon, but not of clmbr');
  });
});

describe('the CUDA addon', () => {
  const cuda = async (folder: string, given: string, files: Record<string, Buffer>) => {
    await rm(folder, { recursive: true, force: true });
    for (const path of Object.keys(files)) await mkdir(join(folder, path, '..'), { recursive: true });
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'clmbr-cuda', version: given }));
    for (const [path, content] of Object.entries(files)) await writeFile(join(folder, path), content);
  };
  const beside = join(project, 'node_modules', 'clmbr-cuda');
  const load = (from?: string) => staged.load({ variant: 'cuda', from });
  beforeAll(() => staged.carry({ [ownFile]: addon }));

  it('is looked for beside the package, and is missed', async () => {
    expect(await load()).toMatchObject({ problem: 'not-installed', path: null });
  });

  it('has to have the same version', async () => {
    await cuda(beside, '0.0.1', { [ownFile]: addon });
    const { problem, message } = await load();
    expect(problem).toBe('other-version');
    expect(message).toContain(`clmbr-cuda is 0.0.1 and clmbr is ${version}, but both have to have the same version`);
  });

  it('has to carry this platform', async () => {
    await cuda(beside, version, {});
    expect(await load()).toMatchObject({ problem: 'no-file', path: null });
  });

  it('loads beside the default one', async () => {
    await cuda(beside, version, { [ownFile]: addon });
    expect(await load()).toMatchObject({ problem: 'loaded', path: join(beside, ownFile) });
    const setUp = `import(process.argv[2]).then(({ addon }) => console.error(addon().system().ggml))`;
    expect(await staged.load({ variant: 'cuda', setUp })).toMatchObject({ problem: 'loaded' });
  });

  it("is found where the program's own packages are, but not in the working folder", async () => {
    await rm(beside, { recursive: true });
    const application = join(project, 'application');
    await cuda(join(application, 'node_modules', 'clmbr-cuda'), version, { [ownFile]: addon });
    expect(await load(application)).toMatchObject({ problem: 'loaded' });
    // The process runs in the package's folder.
    const inWorkingFolder = join(staged.folder, 'inner', 'node_modules', 'clmbr-cuda');
    await cuda(inWorkingFolder, version, { [ownFile]: addon });
    const elsewhere = `process.chdir(${JSON.stringify(join(staged.folder, 'inner'))})`;
    expect(await staged.load({ variant: 'cuda', setUp: elsewhere })).toMatchObject({ problem: 'not-installed' });
  });
});
