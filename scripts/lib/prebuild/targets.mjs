// What is prebuilt, and what each file is called. node-gyp-build picks by platform, architecture and C library.
import { StepError } from '../report.mjs';

/** The package's name; prebuildify names the files after it. */
export const addonName = 'clmbr';

/** The oldest glibc that the Linux files must load on: RHEL 8, Debian 10, Ubuntu 20.04 and later have it. */
export const oldestGlibc = '2.28';

/**
 * Built on one Linux x64 machine.
 * @typedef {{name: string, platform: string, arch: string, libc?: string, triple: string, system: string, processor: string}} Target
 * @type {Target[]}
 */
export const targets = [
  cross('linux', 'x64', `x86_64-linux-gnu.${oldestGlibc}`, 'glibc'),
  cross('linux', 'x64', 'x86_64-linux-musl', 'musl'),
  cross('linux', 'arm64', `aarch64-linux-gnu.${oldestGlibc}`, 'glibc'),
  cross('linux', 'arm64', 'aarch64-linux-musl', 'musl'),
  cross('win32', 'x64', 'x86_64-windows-gnu'),
];

/** Files that a release must have beside those of `targets`; they are built where they run. */
export const elsewhere = [
  { name: 'darwin-arm64', platform: 'darwin', arch: 'arm64' },
  { name: 'darwin-x64', platform: 'darwin', arch: 'x64' },
];

function cross(platform, arch, triple, libc) {
  return {
    name: [platform, arch, libc].filter(Boolean).join('-'),
    platform,
    arch,
    libc,
    triple,
    system: platform === 'win32' ? 'Windows' : 'Linux',
    processor: triple.split('-')[0],
  };
}

/** Path of a target's file inside the package, with forward slashes. */
export function prebuildPath({ platform, arch, libc }) {
  return `prebuilds/${platform}-${arch}/${[addonName, libc, 'node'].filter(Boolean).join('.')}`;
}

/**
 * The targets of the given names, or all.
 * @param {string[]} names
 * @returns {Target[]}
 */
export function selectTargets(names) {
  if (names.length === 0) return targets;
  const known = targets.map((target) => target.name).join(', ');
  return names.map((name) => {
    const found = targets.find((target) => target.name === name);
    if (!found) throw new StepError(`There is no target ${name}; the targets are ${known}.`);
    return found;
  });
}

/**
 * The target that this machine builds with its own compiler.
 * @param {string} arch
 * @param {string} platform
 * @param {boolean} musl
 */
export function nativeTarget(arch = process.arch, platform = process.platform, musl = runsOnMusl()) {
  const libc = platform === 'linux' ? (musl ? 'musl' : 'glibc') : undefined;
  return { name: [platform, arch, libc].filter(Boolean).join('-'), platform, arch, libc };
}

/** Node reports the version of glibc that it runs on, and none elsewhere. */
const runsOnMusl = () => process.platform === 'linux' && !process.report.getReport().header.glibcVersionRuntime;
