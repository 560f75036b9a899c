import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describeBinary, problemsOf } from '../prebuild/inspect.mjs';
import { mismatch } from '../prebuild/manifest.mjs';
import { StepError } from '../report.mjs';

/** The manifest beside prebuilt files. */
export function readManifest(folder) {
  const file = path.join(folder, 'manifest.json');
  if (!existsSync(file)) throw new StepError(`${file} is missing: run npm run prebuild, or --merge what others built.`);
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new StepError(`${file} is no JSON: ${error.message}`);
  }
}

/**
 * Why prebuilt files cannot be released.
 * @param {string} folder prebuilds/, with the manifest
 * @param {{name: string, platform: string, arch: string, libc?: string, path: string}[]} wanted what has to be there
 * @param {{version: string, commit: string, sources: string}} origin what it has to be built from
 * @param {{sameSources?: boolean, inspect?: boolean}} options sameSources: the commit may be another one whose sources are the
 *   same; inspect: look into the files too
 * @returns {string[]} problems
 */
export function fileProblems(folder, wanted, origin, { sameSources = false, inspect = true } = {}) {
  const manifest = readManifest(folder);
  const files = manifest.files ?? [];
  const problems = [];
  if (manifest.version !== origin.version)
    problems.push(`manifest.json is of version ${manifest.version}, not ${origin.version}`);
  if (manifest.commit !== origin.commit && !sameSources)
    problems.push(`manifest.json is of commit ${manifest.commit}, not ${origin.commit}`);
  for (const target of wanted) {
    const file = files.find((one) => one.path === target.path);
    if (file === undefined) problems.push(`${target.path} is not in manifest.json: ${target.name} was not built`);
    else if (['platform', 'arch', 'libc'].some((key) => file[key] !== target[key]))
      problems.push(`${file.path} is entered as ${[file.platform, file.arch, file.libc].filter(Boolean).join('-')}`);
  }
  for (const file of files) problems.push(...problemsOfOne(file, folder, origin, { sameSources, inspect }));
  const known = new Set(files.map((file) => file.path));
  for (const found of listAddons(folder)) {
    if (!known.has(found)) problems.push(`${found} is not in manifest.json, so nobody knows where it comes from`);
  }
  return problems;
}

function problemsOfOne(file, folder, origin, { sameSources, inspect }) {
  const different = mismatch(file, folder);
  if (different) return [different];
  const problems = [];
  if (file.sources !== origin.sources)
    problems.push(`${file.path} was built from other sources (${file.commit}) than these (${origin.commit})`);
  if (file.commit !== origin.commit && !sameSources)
    problems.push(`${file.path} was built at commit ${file.commit}, not ${origin.commit}`);
  if (inspect) {
    const content = readFileSync(path.join(folder, ...file.path.split('/').slice(1)));
    problems.push(...problemsOf(describeBinary(file, content)).map((problem) => `${file.path}: ${problem}`));
  }
  return problems;
}

/** Paths of the addons under a folder, as manifests name them. */
function listAddons(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.node'))
    .map((entry) => path.relative(path.dirname(folder), path.join(entry.parentPath ?? entry.path, entry.name)))
    .map((file) => file.split(path.sep).join('/'))
    .sort();
}
