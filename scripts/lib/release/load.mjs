import path from 'node:path';
import { run } from '../process.mjs';

/** Loads an addon and asks what it is. */
const program = `
const addon = require(process.argv[1]);
const { ggml, kernels } = addon.system();
if (typeof ggml !== 'string' || !Array.isArray(kernels) || kernels.length === 0) throw new Error('it offers no kernels');
addon.stop();
console.log(kernels.join(', '));
`;

/**
 * Loads the files of this machine's platform and C library, each in a process of its own.
 * @param {string} folder prebuilds/
 * @param {{path: string, platform: string, arch: string, libc?: string}[]} files
 * @param {{platform: string, arch: string, libc?: string}} here
 * @returns {Promise<{loaded: string[], problems: string[]}>}
 */
export async function loadOwn(folder, files, here) {
  const own = files.filter((file) => ['platform', 'arch', 'libc'].every((key) => file[key] === here[key]));
  const [loaded, problems] = [[], []];
  for (const file of own) {
    const place = path.resolve(folder, ...file.path.split('/').slice(1));
    const { code, output } = await run(process.execPath, ['-e', program, place]);
    if (code === 0) loaded.push(`${file.path} (${output.trim()})`);
    else problems.push(`${file.path} does not load here: ${reasonIn(output, code)}`);
  }
  return { loaded, problems };
}

function reasonIn(output, code) {
  const line = output.split('\n').find((text) => /^\w*Error: /.test(text));
  return line?.trim() ?? `the process ended with ${code}`;
}
