import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { readPin } from './ggml-pin.mjs';
import { inRoot } from './paths.mjs';
import { npm, run } from './process.mjs';
import { StepError, say, step } from './report.mjs';
import { extractOne } from './tar.mjs';
import { checkTools } from './tools.mjs';

const bundleInPackage = 'package/llama/gitRelease.bundle';

const folderOf = (pin) => inRoot('.ggml', pin.version);

function isComplete(folder, pin) {
  const account = path.join(folder, '.integrity');
  return existsSync(account) && readFileSync(account, 'utf8') === pin.integrity;
}

/** Whether the sources are at hand, so that nothing needs to be unpacked. */
export function hasGgml() {
  const pin = readPin();
  return Boolean(process.env.CLMBR_GGML_DIR) || isComplete(folderOf(pin), pin);
}

/** Folder with ggml's CMakeLists.txt, fetched first where it is not there yet. */
export async function fetchGgml() {
  const override = process.env.CLMBR_GGML_DIR;
  if (override) {
    if (!existsSync(path.join(override, 'CMakeLists.txt')))
      throw new StepError(`CLMBR_GGML_DIR is ${override}, where there is no CMakeLists.txt of ggml.`);
    say(`> ggml: taken from CLMBR_GGML_DIR (${override})`);
    return path.resolve(override);
  }
  const pin = readPin();
  const target = folderOf(pin);
  if (isComplete(target, pin)) {
    say(`> ggml ${pin.version}: up to date`);
    return target;
  }
  checkTools(['git']);
  await step(`ggml ${pin.version}: from the npm package ${pin.package} ${pin.packageVersion}`, () =>
    unpack(pin, target),
  );
  return target;
}

async function unpack(pin, target) {
  mkdirSync(inRoot('.ggml'), { recursive: true });
  // In the same file system as the target: the last act is a rename, so a target that exists is complete.
  const work = mkdtempSync(inRoot('.ggml', 'fetch-'));
  try {
    const archive = await download(pin, work);
    await verify(archive, pin);
    say('  unpacking');
    const bundle = path.join(work, 'release.bundle');
    if (!(await extractOne(archive, bundleInPackage, bundle)))
      throw new StepError(`${pin.package} ${pin.packageVersion} does not contain ${bundleInPackage}.`);
    const checkout = path.join(work, 'checkout');
    await git(['clone', '--quiet', '--no-checkout', bundle, checkout]);
    await git(['-C', checkout, '-c', 'core.autocrlf=false', 'checkout', '--quiet', 'HEAD', '--', 'ggml', 'LICENSE']);
    const sources = path.join(checkout, 'ggml');
    copyFileSync(path.join(checkout, 'LICENSE'), path.join(sources, 'LICENSE'));
    writeFileSync(path.join(sources, '.integrity'), pin.integrity);
    rmSync(target, { recursive: true, force: true });
    renameSync(sources, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function download(pin, folder) {
  const spec = `${pin.package}@${pin.packageVersion}`;
  say(`  npm pack ${spec} (35 MB)`);
  const { code, output } = await npm([
    'pack',
    spec,
    '--pack-destination',
    folder,
    '--ignore-scripts',
    '--loglevel=error',
  ]);
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (code !== 0 || !archive)
    throw new StepError(
      `npm could not fetch ${spec}:\n${output.trim()}\n` +
        "ggml's sources come from the npm registry that npm is configured for. " +
        'Without one, point CLMBR_GGML_DIR to a folder with ggml.',
    );
  return path.join(folder, archive);
}

async function verify(archive, pin) {
  const [algorithm] = pin.integrity.split('-', 1);
  const hash = createHash(algorithm);
  await pipeline(createReadStream(archive), hash);
  const found = `${algorithm}-${hash.digest('base64')}`;
  if (found !== pin.integrity)
    throw new StepError(
      `${pin.package} ${pin.packageVersion} is not the file that native/ggml.cmake pins: ` +
        `expected ${pin.integrity}, got ${found}.`,
    );
}

async function git(args) {
  const { code, output } = await run('git', args);
  if (code !== 0) throw new StepError(`git ${args.join(' ')} failed:\n${output.trim()}`);
}
