// What a figure depends on: the machine and the versions of everything that was measured.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { readPin } from '../../scripts/lib/ggml-pin.mjs';

/** The widest instruction set that the kernels of any contender may use. */
function instructionSet() {
  if (process.arch !== 'x64') return process.arch;
  const known = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  return ['AVX512F', 'AVX2'].find((name) => known.includes(` ${name.toLowerCase()} `)) ?? 'x64';
}

export function machine() {
  return {
    processor: os.cpus()[0]?.model ?? 'unknown',
    cores: os.availableParallelism(),
    instructions: instructionSet(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    loadAverage: os.loadavg().map((x) => Number(x.toFixed(2))),
  };
}

export function versions() {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  let commit = 'unknown';
  try {
    commit = execFileSync('git', ['describe', '--always', '--dirty'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    // Measured outside of a checkout.
  }
  return { clmbr: manifest.version, commit, ...peerVersions() };
}

/** Of each peer, what its manifest pins. */
function peerVersions() {
  const read = (path) => readFileSync(new URL(`../peers/${path}`, import.meta.url), 'utf8');
  const pinned = (path, name) => read(path).match(new RegExp(`^${name}==(.+)$`, 'm'))[1];
  const { dependencies } = JSON.parse(read('node-llama-cpp/package.json'));
  return {
    torch: pinned('torch/requirements.txt', 'torch'),
    transformers: pinned('torch/requirements.txt', 'transformers'),
    onnxruntime: pinned('onnxruntime/requirements.txt', 'onnxruntime'),
    'node-llama-cpp': dependencies['node-llama-cpp'],
    'llama.cpp': `of the release in node-llama-cpp ${readPin().packageVersion}, built natively`,
    'numpy (OpenBLAS)': pinned('openblas/requirements.txt', 'numpy'),
    'torch for hf_ehr': pinned('hf-ehr/requirements.txt', 'torch'),
  };
}
