// Installs what this package is measured against: node bench/peers/setup.mjs [NAME...]
//
// Each peer has a manifest with pinned versions and gets an environment of its own in .cache/peers; nothing outside of it is touched.
// PYTHON names the interpreter (3.11 is what hf-ehr's old torch has wheels for). All of them need some 15 GB, most of it torch's.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = fileURLToPath(new URL('../../.cache/peers', import.meta.url));
const run = (command, args, cwd = here) => execFileSync(command, args, { cwd, stdio: 'inherit' });

function python(name) {
  const folder = join(cache, name);
  if (!existsSync(folder)) run(process.env.PYTHON ?? 'python3', ['-m', 'venv', folder]);
  run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '-r', join(here, name, 'requirements.txt')]);
}

function npm(name) {
  const folder = join(cache, name);
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(here, name, 'package.json'), join(folder, 'package.json'));
  // Its prebuilt binaries are packages; the install script would only look for newer ones.
  run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], folder);
}

const peers = {
  openblas: python,
  onnxruntime: python,
  torch: python,
  'hf-ehr': python,
  'node-llama-cpp': npm,
  'llama-cpp': () => run(process.execPath, [join(here, 'llama-cpp', 'build.mjs')]),
};
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !Object.hasOwn(peers, name));
if (unknown !== undefined) throw new Error(`Expected some of ${Object.keys(peers).join(', ')}, found '${unknown}'.`);
mkdirSync(cache, { recursive: true });
for (const name of wanted.length > 0 ? wanted : Object.keys(peers)) {
  process.stderr.write(`> ${name}\n`);
  peers[name](name);
}
