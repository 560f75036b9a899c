import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from './paths.mjs';
import { StepError } from './report.mjs';

/** Of ggml: its core, and the backends that the addon can be built with. The rest of it is as large again. */
const backends = ['cpu', 'cuda', 'metal', 'vulkan'];
const headers = ['alloc', 'backend', 'cpp', 'opt', ...backends].map((name) => `ggml-${name}.h`);

/**
 * Whether the package carries a file of ggml.
 * @param {string} file relative to ggml's folder, with forward slashes
 */
export function carriesGgml(file) {
  const [top, second] = file.split('/');
  if (top === 'CMakeLists.txt' || top === 'LICENSE' || top === 'cmake') return true;
  if (top === 'include') return second === undefined || ['ggml.h', 'gguf.h', ...headers].includes(second);
  if (top !== 'src') return false;
  // Files of the core lie beside the backends' folders.
  return second === undefined || second.includes('.') || backends.some((name) => second === `ggml-${name}`);
}

/**
 * Node-API's headers, as packages: they are part of ours so that an installation needs neither more packages nor folders
 * that a package manager may keep in an archive.
 */
const headerPackages = {
  'node-addon-api': ['LICENSE.md', 'napi.h', 'napi-inl.h', 'napi-inl.deprecated.h'],
  'node-api-headers': ['LICENSE', 'include', 'def'],
};

/**
 * Writes the folder vendor/ of the package anew: what `clmbr build` needs besides our own sources.
 * @param {string} ggml folder of ggml's sources
 * @param {string} [target]
 */
export function stageVendor(ggml, target = inRoot('vendor')) {
  mkdirSync(path.dirname(target), { recursive: true });
  const work = mkdtempSync(`${target}-`);
  try {
    const filter = (source) => source === ggml || carriesGgml(path.relative(ggml, source).split(path.sep).join('/'));
    cpSync(ggml, path.join(work, 'ggml'), { recursive: true, dereference: true, filter });
    for (const [name, parts] of Object.entries(headerPackages))
      for (const part of parts) copy(inRoot('node_modules', name, part), path.join(work, name, part));
    rmSync(target, { recursive: true, force: true });
    renameSync(work, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function copy(from, to) {
  if (!existsSync(from)) throw new StepError(`${from} is missing: npm install brings it.`);
  mkdirSync(path.dirname(to), { recursive: true });
  cpSync(from, to, { recursive: true });
}
