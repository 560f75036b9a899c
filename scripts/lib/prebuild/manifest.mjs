import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readPin } from '../ggml-pin.mjs';
import { inRoot, root } from '../paths.mjs';
import { cleanEnvironment } from '../process.mjs';
import { StepError, say } from '../report.mjs';
import { digestOf, listFiles } from '../stamps.mjs';

export const manifestFile = () => inRoot('prebuilds', 'manifest.json');

const readJson = (file) => JSON.parse(readFileSync(file, 'utf8'));

/** Digest of everything that decides what the files are: sources, the way they are built, headers and ggml. */
export function sourcesDigest() {
  const sources = listFiles(['CMakeLists.txt', 'native'], (file) => !file.startsWith('native/test/'));
  const version = (name) => readJson(inRoot('node_modules', name, 'package.json')).version;
  return digestOf(sources, {
    ggml: readPin(),
    headers: ['node-addon-api', 'node-api-headers'].map((name) => `${name} ${version(name)}`),
  });
}

/** The commit that is checked out, with `-dirty` where sources were changed since; unknown outside of a repository. */
export function currentCommit() {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8', env: cleanEnvironment() });
  const head = git('rev-parse', 'HEAD');
  if (head.status !== 0) return 'unknown';
  const changes = git('status', '--porcelain', '--', 'CMakeLists.txt', 'native');
  return `${head.stdout.trim()}${changes.stdout.trim() === '' ? '' : '-dirty'}`;
}

/**
 * A manifest with the given files added or replaced, sorted by path. Each file carries the digest of the sources that it was
 * built from, so that one built earlier than the others is found out.
 * @param {object | undefined} old
 * @param {{version: string, commit: string, sources: string}} from of the new files
 * @param {{path: string}[]} files
 */
export function withFiles(old, from, files) {
  const kept = (old?.files ?? []).filter((file) => !files.some((added) => added.path === file.path));
  const added = files.map((file) => ({ ...file, commit: from.commit, sources: from.sources }));
  const all = [...kept, ...added].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { ...from, files: all };
}

/** Why a file is not what the manifest says; nothing if it is. */
export function mismatch(file, folder) {
  const place = path.join(folder, ...file.path.split('/').slice(1));
  if (!existsSync(place)) return `${file.path} is missing`;
  const content = readFileSync(place);
  if (content.length !== file.bytes) return `${file.path} has ${content.length} bytes, not ${file.bytes}`;
  const sha256 = createHash('sha256').update(content).digest('hex');
  return sha256 === file.sha256 ? undefined : `${file.path} has the SHA-256 ${sha256}, not ${file.sha256}`;
}

/** What files that are built now are built from: package version, commit and digest of the sources. */
export const origin = () => ({
  version: readJson(inRoot('package.json')).version,
  commit: currentCommit(),
  sources: sourcesDigest(),
});

function write(manifest) {
  writeFileSync(manifestFile(), `${JSON.stringify(manifest, null, 2)}\n`);
  say(`> prebuilds/manifest.json: ${manifest.files.length} files`);
}

/** Enters files that were just built. Entries whose file is gone are dropped. */
export function updateManifest(files, from) {
  const old = existsSync(manifestFile()) ? readJson(manifestFile()) : undefined;
  const manifest = withFiles(old, from, files);
  write({ ...manifest, files: manifest.files.filter((file) => existsSync(inRoot(file.path))) });
}

/**
 * Takes in prebuilds/ folders that other machines built, whole and from the same sources.
 * @param {string[]} folders each with a manifest.json
 */
export function mergePrebuilds(folders) {
  const here = origin();
  let manifest = existsSync(manifestFile()) ? readJson(manifestFile()) : undefined;
  for (const folder of folders) {
    const list = path.join(folder, 'manifest.json');
    if (!existsSync(list)) throw new StepError(`${folder} holds no manifest.json: give the prebuilds folder itself.`);
    const { files } = readJson(list);
    for (const file of files) {
      if (!/^prebuilds\/[\w-]+\/[\w.]+\.node$/.test(file.path))
        throw new StepError(`${list} names ${file.path}, which is no place for a prebuilt file.`);
      const problem = mismatch(file, folder);
      if (problem) throw new StepError(`${folder}: ${problem}.`);
      if (file.sources !== here.sources)
        throw new StepError(
          `${folder}: ${file.path} was built from other sources (${file.commit}) than are checked out here.`,
        );
    }
    for (const file of files) {
      mkdirSync(path.dirname(inRoot(file.path)), { recursive: true });
      copyFileSync(path.join(folder, ...file.path.split('/').slice(1)), inRoot(file.path));
    }
    const before = withFiles(manifest, here, files);
    // Where a file was built stays as its own manifest says.
    manifest = {
      ...before,
      files: before.files.map((file) => files.find((taken) => taken.path === file.path) ?? file),
    };
  }
  write(manifest);
}
