import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { inRoot } from '../paths.mjs';
import { run } from '../process.mjs';
import { StepError } from '../report.mjs';
import { checkTools } from '../tools.mjs';
import { inCross } from './zig.mjs';

/** What a release file gets on the platforms that are built where they run. */
const platformOptions = {
  // The oldest macOS that Node 20 supports on both processors.
  darwin: ['CLMBR_METAL=ON', 'CMAKE_OSX_DEPLOYMENT_TARGET=11.0'],
};

/**
 * Compiles the addon with cmake-js and this machine's compiler, in a folder of its own.
 * @param {{name: string, platform: string, arch: string}} target
 * @param {{ggml: string, jobs?: number}} options
 * @returns {Promise<string>} the addon
 */
export async function compileHere(target, { ggml, jobs = availableParallelism() }) {
  checkTools(['native']);
  const folder = inCross('build', `${target.name}-native`);
  const more = process.env.CLMBR_CMAKE_ARGS?.split(/\s+/).filter(Boolean) ?? [];
  const definitions = [
    `CLMBR_GGML_DIR=${ggml.split(path.sep).join('/')}`,
    'CLMBR_NATIVE_TESTS=OFF',
    ...(platformOptions[target.platform] ?? []),
    ...more.map((option) => option.replace(/^-D/, '')),
  ];
  const { code } = await run(
    process.execPath,
    [
      inRoot('node_modules', 'cmake-js', 'bin', 'cmake-js'),
      ...['build', '--directory', inRoot(), '--out', folder, '--arch', target.arch, '--parallel', String(jobs)],
      ...definitions.map((definition) => `--CD${definition}`),
    ],
    { inherit: true },
  );
  const addon = path.join(folder, 'Release', 'clmbr.node');
  if (code !== 0 || !existsSync(addon)) throw new StepError(`The native build failed: cmake-js ended with ${code}.`);
  return addon;
}
