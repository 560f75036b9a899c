import { describe, expect, it } from 'vitest';
import type { BinaryHeader } from '../../lib/native/binary-header.ts';
import { explainLoadFailure, isOlder } from '../../lib/native/explain.ts';
import type { LoadFacts } from '../../lib/native/load-facts.ts';
import type { Runtime } from '../../lib/native/runtime.ts';

const file = '/app/node_modules/clmbr/prebuilds/linux-x64/clmbr.glibc.node';
const glibc: Runtime = {
  ...{ name: 'Node', version: '22.11.0', node: '22.11.0', napi: 9 },
  ...{ platform: 'linux', arch: 'x64', libc: 'glibc', glibc: '2.31' },
};
const musl: Runtime = { ...glibc, libc: 'musl', glibc: null };
const mac: Runtime = { ...glibc, platform: 'darwin', arch: 'arm64', libc: null, glibc: null };
const windows: Runtime = { ...glibc, platform: 'win32', libc: null, glibc: null };

/** A header that fits the runtime. */
function fitting({ platform, arch, libc }: Runtime): BinaryHeader {
  return {
    ...{ platform: platform as 'linux', architectures: [arch], libc: libc ?? null },
    ...{ bytes: 1_600_000, truncated: false },
  };
}

/** Explains a file that was found and fits, except for what is given. */
function explain(given: Partial<LoadFacts>) {
  const runtime = given.runtime ?? glibc;
  const facts: LoadFacts = {
    ...{ variant: 'default', version: '1.2.3', runtime, missing: null, file },
    ...{ header: fitting(runtime), reason: '', code: '' },
    ...given,
  };
  const { problem, message } = explainLoadFailure(facts);
  // One sentence, whatever the loader wrote.
  expect(message).not.toMatch(/\n|undefined|null|\.\.$|; ;|\. [A-Z]/);
  expect(message).toMatch(/^The (native|CUDA) addon of clmbr cannot be loaded: [^;]+; .+\.$/);
  return `${problem}: ${message.replace(/^[^:]+: /, '')}`;
}

const loader = (reason: string, given: Partial<LoadFacts> = {}) =>
  explain({ reason, code: 'ERR_DLOPEN_FAILED', ...given });
const build = 'build it on this machine with `npx clmbr build` (needs CMake and a C++17 compiler).';
const again = 'delete node_modules/clmbr and run `npm install clmbr@1.2.3`';

describe('no file', () => {
  const carried = [
    { platform: 'darwin-arm64', libcs: [] },
    { platform: 'linux-x64', libcs: ['glibc'] },
    { platform: 'linux-arm64', libcs: ['glibc', 'musl'] },
  ];
  const missing = { why: 'no-file', carried } as const;
  const nothing = { file: null, header: null, missing };

  it('for this platform: names those that there are', () => {
    expect(explain({ ...nothing, runtime: { ...windows, arch: 'arm64' } })).toBe(
      'no-file: there is none for win32-arm64; the package carries darwin-arm64, linux-x64 (glibc), linux-arm64 (glibc, musl); ' +
        build,
    );
  });

  it.each([
    ['linux-x64', musl, 'glibc'],
    ['linux-x64', { ...musl, libc: 'glibc' } as const, 'musl'],
  ])('for this C library (%s)', (platform, runtime, libc) => {
    const one = { why: 'no-file', carried: [{ platform, libcs: [libc] }] } as const;
    expect(explain({ ...nothing, runtime, missing: one })).toBe(
      `other-libc: this process uses ${runtime.libc}, and the package carries ${platform} for ${libc} only; ${build}`,
    );
  });

  it('at all', () => {
    expect(explain({ ...nothing, missing: { why: 'no-file', carried: [] } })).toBe(
      'no-file: the package carries no addon for any platform, as in a checkout that was not built; run `npm run build` in a' +
        ` checkout, else ${again}, or ${build}`,
    );
  });

  it('in a bundle', () => {
    const text = explain({ ...nothing, version: '', missing: { why: 'bundled' } });
    expect(text).toMatch(/^bundled: .*keep `clmbr` external \(esbuild: --external:clmbr\)/);
  });

  it('of CUDA', () => {
    const variant = 'cuda';
    expect(explain({ ...nothing, variant, missing: { why: 'not-installed' } })).toBe(
      'not-installed: the package clmbr-cuda is not installed; `npm install clmbr-cuda@1.2.3` adds it.',
    );
    expect(explain({ ...nothing, variant, missing: { why: 'other-version', found: '1.2.2' } })).toBe(
      'other-version: clmbr-cuda is 1.2.2 and clmbr is 1.2.3, but both have to have the same version; run' +
        ' `npm install clmbr-cuda@1.2.3`.',
    );
    expect(explain({ ...nothing, variant, runtime: mac })).toContain('build an addon with CUDA on this machine');
  });
});

describe('the runtime', () => {
  it('is too old', () => {
    const old = { ...glibc, version: '20.18.3', node: '20.18.3' };
    expect(explain({ runtime: old })).toBe('runtime: it needs Node 20.19.0 or newer and this is 20.18.3; update Node.');
  });

  it.each([
    ['Bun', 0, 'Node-API 8 and Bun 1.0.0 has none; use Node 20.19.0 or newer'],
    ['Node', 7, 'Node-API 8 and Node 1.0.0 has 7; use Node 20.19.0 or newer'],
  ])('%s has too little of Node-API', (name, napi, text) => {
    expect(explain({ runtime: { ...glibc, name, version: '1.0.0', napi } })).toContain(text);
  });

  it('is judged by Node-API alone where it is not Node', () => {
    const runtime = { ...glibc, name: 'Electron', version: '28.0.0', node: '18.18.2' };
    expect(loader('something else', { runtime })).toMatch(/^unknown: /);
  });

  it('lacks a function', () => {
    for (const reason of [
      `${file}: undefined symbol: node_api_create_buffer_from_arraybuffer`,
      `Error relocating ${file}: node_api_create_buffer_from_arraybuffer: symbol not found`,
      "dlopen(/x.node, 0x0001): symbol not found in flat namespace '_node_api_create_buffer_from_arraybuffer'",
    ])
      expect(loader(reason)).toBe(
        'runtime: Node 22.11.0 lacks the function node_api_create_buffer_from_arraybuffer of Node-API; use Node 20.19.0 or' +
          ' newer, or a newer Node.',
      );
    expect(loader('The specified procedure could not be found.', { runtime: windows })).toMatch(/^runtime: /);
  });

  it.each([
    ['2.17.0', '20.19.0', true],
    ['20.19.0', '20.19.0', false],
    ['20.19.1', '20.19.0', false],
    ['20.9.0', '20.19.0', true],
    ['24.0.0-nightly', '20.19.0', false],
  ])('isOlder(%s, %s) is %s', (version, than, expected) => expect(isOlder(version, than)).toBe(expected));

  it('may not load addons', () => {
    const reason = 'Cannot load native addon because loading addons is disabled.';
    expect(explain({ reason, code: 'ERR_DLOPEN_DISABLED' })).toContain('start it without --no-addons');
  });
});

describe('the file', () => {
  it.each([
    [
      'EACCES',
      glibc,
      `unreadable: this user may not read ${file}; let this user read it (chmod a+r) and enter its folders.`,
    ],
    ['EPERM', windows, 'look whether a virus scanner holds it back'],
    ['ENOENT', glibc, `unreadable: ${file} is a link to nothing or was removed; ${again}.`],
    ['EIO', glibc, `unreadable: ${file} cannot be read (EIO: i/o error, open); ${again}.`],
  ])('cannot be read: %s', (code, runtime, text) => {
    expect(explain({ header: null, code, reason: `${code}: i/o error, open`, runtime })).toContain(text);
  });

  it('breaks off', () => {
    const header = { ...fitting(glibc), truncated: true, bytes: 4096 };
    expect(explain({ header })).toBe(
      `truncated: ${file} is only 4096 bytes long and breaks off, as after a download or copy that was interrupted; ${again}.`,
    );
    expect(explain({ header: { ...header, truncated: false, platform: null, bytes: 0 } })).toMatch(
      /^truncated: .*only 0 bytes/,
    );
  });

  it('is something else', () => {
    const header = { ...fitting(glibc), platform: null, architectures: [] };
    expect(explain({ header })).toBe(
      `not-an-addon: ${file} is no program code, so it was damaged or replaced; ${again}.`,
    );
    expect(explain({ code: 'NOT_CLMBR', reason: 'an addon, but not of clmbr' })).toContain(
      'is an addon, but not of clmbr; ',
    );
    for (const reason of [`${file}: invalid ELF header`, `Module did not self-register: '${file}'.`])
      expect(loader(reason)).toMatch(/^not-an-addon: .* is damaged \(.*\); delete node_modules\/clmbr and run/);
  });

  it('is for another platform', () => {
    const header = { ...fitting(mac), architectures: ['arm64', 'x64'] };
    expect(explain({ header })).toBe(
      `other-platform: ${file} is for darwin-arm64 and darwin-x64 and this process is linux-x64; install clmbr on this` +
        ` platform, or ${build}`,
    );
    expect(explain({ header: { ...fitting(glibc), architectures: ['arm64'] } })).toContain(
      'is for linux-arm64 and this',
    );
  });

  it('is for another C library', () => {
    const text = (one: string, other: string) =>
      `other-libc: ${file} is for ${one} and this process uses ${other}; install clmbr in this system, or ${build}`;
    expect(explain({ header: { ...fitting(glibc), libc: 'musl' } })).toBe(text('musl', 'glibc'));
    expect(explain({ header: { ...fitting(glibc), libc: 'glibc' }, runtime: musl })).toBe(text('glibc', 'musl'));
  });
});

describe("the loader's words", () => {
  const header = { ...fitting(glibc), libc: null };

  it('of an old glibc and libstdc++', () => {
    const reason = `/lib/x86_64-linux-gnu/libc.so.6: version \`GLIBC_2.34' not found (required by ${file})`;
    expect(loader(reason)).toBe(
      `old-glibc: it needs glibc 2.34 or newer and this system has 2.31; use a newer distribution, or ${build}`,
    );
    const cxx = `/lib/libstdc++.so.6: version \`GLIBCXX_3.4.32' not found (required by ${file})`;
    expect(loader(cxx)).toContain('libstdc++ knows (GLIBCXX_3.4.32); update libstdc++6, or');
  });

  it.each([
    ['libcublas.so.13', 'missing-library', "NVIDIA's CUDA 13 runtime supplies it"],
    ['libcudart.so.13', 'missing-library', 'nvidia-cuda-runtime from PyPI with their folder in LD_LIBRARY_PATH'],
    ['libcuda.so.1', 'missing-driver', "NVIDIA's driver supplies it, so install the driver"],
    ['libvulkan.so.1', 'missing-driver', 'install libvulkan1 (Debian, Ubuntu)'],
    ['libstdc++.so.6', 'missing-library', 'libstdc++ (Fedora, Alpine)'],
    ['libgomp.so.1', 'missing-library', 'libgomp1'],
    ['libother.so.2', 'missing-library', 'install the package that supplies it, or build'],
  ])('of the missing library %s', (name, problem, text) => {
    const words = [
      `${name}: cannot open shared object file: No such file or directory`,
      `Error loading shared library ${name}: No such file or directory (needed by ${file})`,
    ];
    for (const reason of words) {
      const explained = loader(reason, { variant: 'cuda', header });
      expect(explained).toMatch(
        new RegExp(`^${problem}: the library ${name.replaceAll('+', '\\+')} is missing on this system; `),
      );
      expect(explained).toContain(text);
    }
  });

  it.each([
    ['libc.musl-x86_64.so.1: cannot open shared object file: No such file or directory', glibc, 'musl', 'glibc'],
    [
      `Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by ${file})`,
      musl,
      'glibc',
      'musl',
    ],
    [`Error relocating ${file}: __memcpy_chk: symbol not found`, musl, 'glibc', 'musl'],
  ])('of another C library: %s', (reason, runtime, one, other) => {
    expect(loader(reason, { runtime, header })).toContain(
      `other-libc: ${file} is for ${one} and this process uses ${other}; `,
    );
  });

  it.each([
    `${file}: failed to map segment from shared object: Operation not permitted`,
    `${file}: failed to map segment from shared object`,
    `${file}: cannot enable executable stack as shared object requires: Permission denied`,
    `Error loading shared library ${file}: Operation not permitted`,
  ])('of a mount without execution: %s', (reason) => {
    expect(loader(reason)).toMatch(/^not-executable: .*mounted with noexec.*; install clmbr on another file system/);
  });

  it('of macOS', () => {
    const words = [
      `dlopen(${file}, 0x0001): tried: '${file}' (code signature in <0> '${file}' not valid for use in process: library load disallowed by system policy)`,
      `dlopen(${file}, 0x0001): tried: '${file}' (file system sandbox blocked open())`,
    ];
    for (const reason of words)
      expect(loader(reason, { runtime: mac })).toContain(`run \`xattr -d com.apple.quarantine ${file}\``);
    const teams =
      'not valid for use in process: mapping process and mapped file (non-platform) have different Team IDs';
    expect(loader(`code signature ${teams}`, { runtime: mac })).toContain(
      'com.apple.security.cs.disable-library-validation',
    );
    const old = `dlopen(${file}): Symbol not found: _x (built for macOS 14.0 which is newer than running OS)`;
    expect(loader(old, { runtime: mac })).toContain(
      'it was built for macOS 14.0 and this system is older; update macOS',
    );
    expect(loader('dlopen: Library not loaded: @rpath/libother.dylib', { runtime: mac })).toContain(
      'library libother.dylib',
    );
  });

  it('of Windows', () => {
    const say = (text: string, variant: 'default' | 'cuda' = 'default') =>
      loader(`${text}\r\n\\\\?\\C:\\app\\clmbr.node`, { runtime: windows, variant });
    expect(say('The specified module could not be found.')).toContain('Visual C++ Redistributable');
    expect(say('The specified module could not be found.', 'cuda')).toContain('cudart64_13.dll and cublas64_13.dll');
    for (const text of [
      'An Application Control policy has blocked this file.',
      'This program is blocked by group policy.',
      'Operation did not complete successfully because the file contains a virus or potentially unwanted software.',
      'Access is denied.',
    ])
      expect(say(text)).toMatch(/^blocked: Windows or its virus scanner blocks .*`Unblock-File`/);
    expect(say('%1 is not a valid Win32 application.')).toMatch(/^not-an-addon: /);
  });

  it('that are new', () => {
    expect(loader(`${file}: cannot allocate memory in static TLS block\nmore`)).toBe(
      `unknown: the system says of ${file}: cannot allocate memory in static TLS block; ${build}`,
    );
  });
});
