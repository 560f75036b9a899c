import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../paths.mjs';
import { currentCommit, sourcesDigest } from '../prebuild/manifest.mjs';
import { elsewhere, nativeTarget, prebuildPath, targets } from '../prebuild/targets.mjs';
import { StepError, say } from '../report.mjs';
import { fileProblems, readManifest } from './files.mjs';
import { loadOwn } from './load.mjs';
import { tagProblems, treeProblems } from './tree.mjs';
import { publishProblems, versionProblems } from './versions.mjs';

const usage = `npm run release:check -- [options]
  --allow-missing <target,...>  prebuilt files that may be absent, such as darwin-arm64,darwin-x64
  --same-sources                files may be of another commit whose native sources are the same
  --allow-changes               the tree need not be clean
  --tag <tag>                   the tag that is released: it has to be v and the version, and CHANGELOG.md to have a date
  --cuda                        packages/cuda has to hold its addon too`;

/** What the optional package carries. */
const cudaTargets = [{ name: 'clmbr-cuda linux-x64', platform: 'linux', arch: 'x64', libc: 'glibc' }];

/** The command behind npm run release:check. */
export async function releaseCheck(argv) {
  const { values: options } = parseArgs({
    args: argv,
    options: {
      'allow-missing': { type: 'string', default: '' },
      'same-sources': { type: 'boolean', default: false },
      'allow-changes': { type: 'boolean', default: false },
      tag: { type: 'string' },
      cuda: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (options.help) return say(usage);
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const origin = { version, commit: currentCommit(), sources: sourcesDigest() };
  return checkRelease({
    root,
    origin,
    wanted: wantedFiles(options['allow-missing'].split(',').filter(Boolean)),
    here: nativeTarget(),
    options: {
      sameSources: options['same-sources'],
      allowChanges: options['allow-changes'],
      tag: options.tag,
      cuda: options.cuda,
    },
  });
}

/** All files of a release without those that may be absent. */
export function wantedFiles(allowMissing) {
  const all = [...targets, ...elsewhere];
  const unknown = allowMissing.filter((name) => !all.some((target) => target.name === name));
  if (unknown.length > 0)
    throw new StepError(
      `There is no target ${unknown.join(', ')}; the targets are ${all.map(({ name }) => name).join(', ')}.`,
    );
  return all.filter((target) => !allowMissing.includes(target.name)).map(withPath);
}

const withPath = (target) => ({ ...target, path: prebuildPath(target) });

/**
 * Runs every check and says what each found.
 * @returns {Promise<number>} exit code
 */
export async function checkRelease({ root: folder, origin, wanted, here, options }) {
  const prebuilds = path.join(folder, 'prebuilds');
  const cuda = path.join(folder, 'packages', 'cuda', 'prebuilds');
  const { sameSources } = options;
  const checks = [
    ['git', () => (options.allowChanges ? [] : treeProblems(folder))],
    ['versions', () => versionProblems(folder, { dated: options.tag !== undefined })],
    ...(options.tag === undefined
      ? []
      : [['tag', () => [...tagProblems(options.tag, origin.version), ...publishProblems(folder)]]]),
    [`prebuilds (${wanted.length} files)`, () => fileProblems(prebuilds, wanted, origin, { sameSources })],
    ['loading', () => load(prebuilds, here)],
  ];
  if (options.cuda || existsSync(cuda)) {
    const inspect = false; // its limits of size are others
    checks.push(['clmbr-cuda', () => fileProblems(cuda, cudaTargets.map(withPath), origin, { sameSources, inspect })]);
  }
  let failed = 0;
  for (const [name, check] of checks) {
    const problems = await found(check);
    failed += problems.length;
    say(`${problems.length === 0 ? 'ok     ' : 'FAILED '} ${name}`);
    for (const problem of problems) say(`        ${problem}`);
  }
  say(
    failed === 0
      ? `\n${origin.version} can be released.`
      : `\n${origin.version} cannot be released: ${failed} problems.`,
  );
  return failed === 0 ? 0 : 1;
}

async function found(check) {
  try {
    return await check();
  } catch (error) {
    if (error instanceof StepError) return [error.message];
    throw error;
  }
}

async function load(prebuilds, here) {
  const { loaded, problems } = await loadOwn(prebuilds, readManifest(prebuilds).files ?? [], here);
  if (loaded.length === 0 && problems.length === 0) return [`there is no file for this machine (${here.name}) to load`];
  for (const file of loaded) say(`        loaded ${file}`);
  return problems;
}
