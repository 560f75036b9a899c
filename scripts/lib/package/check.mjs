import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fetchGgml } from '../ggml-fetch.mjs';
import { npm } from '../process.mjs';
import { StepError, step } from '../report.mjs';
import { buildTypes } from '../types-build.mjs';
import { packCopy } from './stage.mjs';

/**
 * Linters of packages, fetched when they are asked for. The package is ES modules only, for one reason: two copies of it in
 * one process would hold weights twice and make `instanceof ClmbrError` fail. CommonJS loads it with require(), which every
 * Node that we support can do; attw still counts that as an error, as older ones could not, so it looks at ESM only.
 */
const linters = [
  { spec: 'publint@0.3.25', args: ['--strict'] },
  { spec: '@arethetypeswrong/cli@0.18.5', args: ['--profile', 'esm-only'] },
];

export async function checkPackage() {
  const folder = mkdtempSync(path.join(tmpdir(), 'clmbr-check-'));
  try {
    await buildTypes();
    const { tarball } = await packCopy({ ggml: await fetchGgml(), folder });
    for (const { spec, args } of linters)
      await step(spec, async () => {
        const { code, output } = await npm(['exec', '--yes', '--loglevel=error', '--', spec, tarball, ...args], {
          cwd: folder,
        });
        if (code !== 0) throw new StepError(`${spec} finds fault with the package:\n${output.trim()}`);
      });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
