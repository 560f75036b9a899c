import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The newest entry of a changelog whose headings are `## 1.2.3 - 2026-01-31`, or `- unreleased`. */
export function newestEntry(changelog) {
  const found = /^## \[?([^\]\s]+)\]?(?: - (\S+))?$/m.exec(changelog);
  return found ? { version: found[1], date: found[2] } : undefined;
}

/**
 * Whether every place that names the version names the same one.
 * @param {string} root
 * @param {{dated: boolean}} options whether the changelog has to say when it was released
 * @returns {string[]} problems
 */
export function versionProblems(root, { dated }) {
  const read = (file) => readFileSync(path.join(root, ...file.split('/')), 'utf8');
  const { version } = JSON.parse(read('package.json'));
  const problems = [];
  if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version)) problems.push(`package.json: ${version} is no version`);
  const entry = newestEntry(read('CHANGELOG.md'));
  if (entry === undefined) problems.push('CHANGELOG.md: there is no heading of the form "## 1.2.3 - 2026-01-31"');
  else if (entry.version !== version)
    problems.push(`CHANGELOG.md: the newest entry is ${entry.version}, and package.json says ${version}`);
  else if (dated && !/^\d{4}-\d{2}-\d{2}$/.test(entry.date ?? ''))
    problems.push(
      `CHANGELOG.md: the entry of ${version} has no date; replace "${entry.date}" by the day of the release`,
    );
  const lock = JSON.parse(read('package-lock.json'));
  if (lock.version !== version)
    problems.push(`package-lock.json: it says ${lock.version}, and package.json ${version}`);
  const cuda = 'packages/cuda/package.json';
  if (existsSync(path.join(root, ...cuda.split('/')))) {
    const manifest = JSON.parse(read(cuda));
    if (manifest.version !== version) problems.push(`${cuda}: its version is ${manifest.version}, not ${version}`);
    const peer = manifest.peerDependencies?.clmbr;
    if (peer !== version) problems.push(`${cuda}: it asks for clmbr ${peer}, not for exactly ${version}`);
  }
  return problems;
}

/**
 * What a registry asks for before it takes a package with a statement of provenance: where its sources are.
 * @param {string} root
 * @returns {string[]} problems
 */
export function publishProblems(root) {
  return ['package.json', 'packages/cuda/package.json']
    .filter((file) => existsSync(path.join(root, ...file.split('/'))))
    .filter((file) => {
      const { repository } = JSON.parse(readFileSync(path.join(root, ...file.split('/')), 'utf8'));
      return typeof (repository?.url ?? repository) !== 'string';
    })
    .map((file) => `${file}: there is no "repository", which has to name the one that the workflow runs in`);
}
