// Builds the llama.cpp release that our ggml comes from, for this processor, and embed.cpp on it: node bench/peers/llama-cpp/build.mjs
// The sources are those of the package that native/ggml.cmake pins. Takes some ten minutes; the programs end up in
// .cache/llama.cpp/bin. LLAMA_CPP_SOURCE and LLAMA_CPP_BUILD name another checkout, already built, to take instead.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPin } from '../../../scripts/lib/ggml-pin.mjs';

const folder = fileURLToPath(new URL('../../../.cache/llama.cpp', import.meta.url));
const run = (command, args, cwd = folder) => execFileSync(command, args, { cwd, stdio: 'inherit' });

const local = (name) => fileURLToPath(new URL(name, import.meta.url));
const source = process.env.LLAMA_CPP_SOURCE ?? join(folder, 'source');
const build = process.env.LLAMA_CPP_BUILD ?? join(folder, 'build');

function fetchSource() {
  const pin = readPin();
  run('npm', ['pack', `${pin.package}@${pin.packageVersion}`, '--ignore-scripts']);
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  const found = `sha512-${createHash('sha512')
    .update(readFileSync(join(folder, archive)))
    .digest('base64')}`;
  if (found !== pin.integrity) throw new Error(`${archive} is not the package that native/ggml.cmake pins.`);
  run('tar', ['xzf', archive, 'package/llama/gitRelease.bundle']);
  run('git', ['clone', '--quiet', 'package/llama/gitRelease.bundle', 'source']);
}

function compile() {
  const off = ['LLAMA_CURL', 'LLAMA_BUILD_SERVER', 'LLAMA_BUILD_TESTS', 'LLAMA_BUILD_EXAMPLES', 'LLAMA_BUILD_APP'];
  const settings = ['-DCMAKE_BUILD_TYPE=Release', '-DGGML_NATIVE=ON', ...off.map((name) => `-D${name}=OFF`)];
  run('cmake', ['-S', source, '-B', build, ...settings]);
  run('cmake', ['--build', build, '--target', 'llama', 'llama-batched-bench', '--parallel', '2']);
}

mkdirSync(folder, { recursive: true });
if (!existsSync(source)) fetchSource();
if (process.env.LLAMA_CPP_BUILD === undefined) compile();
const programs = join(build, 'bin');
mkdirSync(join(folder, 'bin'), { recursive: true });
const target = join(folder, 'bin', 'embed');
const includes = [`-I${join(source, 'include')}`, `-I${join(source, 'ggml', 'include')}`];
const libraries = [`-L${programs}`, '-lllama', '-lggml', '-lggml-base', `-Wl,-rpath,${programs}`];
run('c++', ['-O2', '-std=c++17', ...includes, local('embed.cpp'), '-o', target, ...libraries]);
const bench = join(folder, 'bin', 'llama-batched-bench');
rmSync(bench, { force: true });
symlinkSync(join(programs, 'llama-batched-bench'), bench);
