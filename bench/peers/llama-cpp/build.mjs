// Builds llama-bench of the llama.cpp release that our ggml comes from, for this processor: node bench/peers/llama-cpp/build.mjs
// The sources are those of the package that native/ggml.cmake pins. Takes some ten minutes; the program ends up in
// .cache/llama.cpp/build/bin.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPin } from '../../../scripts/lib/ggml-pin.mjs';

const folder = fileURLToPath(new URL('../../../.cache/llama.cpp', import.meta.url));
const run = (command, args, cwd = folder) => execFileSync(command, args, { cwd, stdio: 'inherit' });

mkdirSync(folder, { recursive: true });
const pin = readPin();
if (!existsSync(join(folder, 'source'))) {
  run('npm', ['pack', `${pin.package}@${pin.packageVersion}`, '--ignore-scripts']);
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  const found = `sha512-${createHash('sha512')
    .update(readFileSync(join(folder, archive)))
    .digest('base64')}`;
  if (found !== pin.integrity) throw new Error(`${archive} is not the package that native/ggml.cmake pins.`);
  run('tar', ['xzf', archive, 'package/llama/gitRelease.bundle']);
  run('git', ['clone', '--quiet', 'package/llama/gitRelease.bundle', 'source']);
}
const off = ['LLAMA_CURL', 'LLAMA_BUILD_SERVER', 'LLAMA_BUILD_TESTS', 'LLAMA_BUILD_EXAMPLES', 'LLAMA_BUILD_APP'];
run('cmake', [
  '-S',
  'source',
  '-B',
  'build',
  '-DCMAKE_BUILD_TYPE=Release',
  '-DGGML_NATIVE=ON',
  ...off.map((name) => `-D${name}=OFF`),
]);
run('cmake', ['--build', 'build', '--target', 'llama-bench', '--parallel', '2']);
