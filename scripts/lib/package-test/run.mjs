import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fetchGgml } from '../ggml-fetch.mjs';
import { limits, readTarball } from '../package/contents.mjs';
import { packCopy } from '../package/stage.mjs';
import { prepare } from '../prepare.mjs';
import { StepError, say } from '../report.mjs';
import { Cases } from './cases.mjs';
import { testInstalls } from './installs.mjs';
import { registryOf, withoutNetwork } from './machine.mjs';
import { testMinimalRoot } from './minimal-root.mjs';
import { installTools } from './tools.mjs';
import { testSource, testUses } from './uses.mjs';

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;

/**
 * Packs the package and uses it as a stranger would.
 * @param {string[]} only words; cases whose name holds one of them run (installing with npm always does)
 * @returns {Promise<number>} exit code
 */
export async function testPackage(only) {
  if (!process.env.CLMBR_PREPARED) await prepare();
  const folder = mkdtempSync(path.join(tmpdir(), 'clmbr-package-'));
  const cases = new Cases(only);
  try {
    const { tarball, prebuilds } = await packCopy({ ggml: await fetchGgml(), folder });
    if (prebuilds === 'none') throw new StepError('There is neither prebuilds/ nor build/Release/clmbr.node to pack.');
    if (prebuilds === 'stand-in') say('There is no prebuilds/: build/Release/clmbr.node stands in for this platform.');
    await cases.run('pack: size', () => sizes(tarball));
    await installTools();
    const cwd = await testInstalls(cases, { folder, tarball, registry: await registryOf() });
    await testUses(cases, cwd);
    await testMinimalRoot(cases, { tarball, npmCache: path.join(folder, 'npm', 'cache') });
    await testSource(cases, cwd, { remove: (name) => rmSync(name, { recursive: true }), cut: withoutNetwork });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const { passed, failed, skipped } = cases.counts;
  say(`\n${passed} passed, ${failed} failed, ${skipped} not run`);
  return failed === 0 ? 0 : 1;
}

async function sizes(tarball) {
  const entries = readTarball(tarball);
  const packed = statSync(tarball).size;
  const unpacked = entries.reduce((sum, { content }) => sum + content.length, 0);
  if (packed > limits.packed || unpacked > limits.unpacked)
    throw new StepError(`${megabytes(packed)} packed, ${megabytes(unpacked)} unpacked: more than the limits`);
  const addons = entries.filter(({ name }) => name.endsWith('.node')).length;
  return `${entries.length} files, ${megabytes(packed)} packed, ${megabytes(unpacked)} unpacked, ${addons} prebuilt addons`;
}
