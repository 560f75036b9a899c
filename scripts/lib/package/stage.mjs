import { cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fetchGgml } from '../ggml-fetch.mjs';
import { inRoot } from '../paths.mjs';
import { npm } from '../process.mjs';
import { StepError, step } from '../report.mjs';
import { sbomName, writeBillOfMaterials } from '../sbom.mjs';
import { buildTypes } from '../types-build.mjs';
import { stageVendor } from '../vendor.mjs';

/** Makes everything in the checkout that the package carries and git ignores, except prebuilt addons. */
export async function stagePackage() {
  await buildTypes();
  const ggml = await fetchGgml();
  await step('vendor: the sources that the package carries', () => stageVendor(ggml));
  writeBillOfMaterials();
}

/** Top-level entries that go into the package by npm's own rule or by `files`, besides those that are made. */
const sources = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'SECURITY.md',
  'CMakeLists.txt',
  'native',
  'docs',
  'examples',
];

/**
 * Packs a copy of the checkout, as it is: nothing is built, and the checkout stays untouched.
 * @param {{ggml: string, folder: string}} options folder: an empty one
 * @returns {Promise<{tarball: string, prebuilds: 'own' | 'stand-in' | 'none'}>}
 */
export async function packCopy({ ggml, folder }) {
  const copy = path.join(folder, 'package');
  mkdirSync(copy, { recursive: true });
  for (const name of [...sources, 'dist']) cpSync(inRoot(name), path.join(copy, name), { recursive: true });
  stageVendor(ggml, path.join(copy, 'vendor'));
  writeBillOfMaterials(path.join(copy, sbomName));
  const prebuilds = copyPrebuilds(path.join(copy, 'prebuilds'));
  // The prepack script would look for a checkout around it.
  const { code, output } = await npm(['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder], {
    cwd: copy,
  });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (code !== 0 || !tarball) throw new StepError(`npm pack failed:\n${output.trim()}`);
  return { tarball: path.join(folder, tarball), prebuilds };
}

/** Where nothing was prebuilt, the checkout's own addon stands in for that of this machine. */
function copyPrebuilds(target) {
  if (existsSync(inRoot('prebuilds'))) {
    cpSync(inRoot('prebuilds'), target, { recursive: true });
    return 'own';
  }
  const addon = inRoot('build', 'Release', 'clmbr.node');
  if (!existsSync(addon)) return 'none';
  const libc = process.platform === 'linux' ? (isGlibc() ? '.glibc' : '.musl') : '';
  cpSync(addon, path.join(target, `${process.platform}-${process.arch}`, `clmbr${libc}.node`));
  return 'stand-in';
}

const isGlibc = () => Boolean(process.report.getReport().header.glibcVersionRuntime);
