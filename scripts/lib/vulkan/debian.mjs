import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { run } from '../process.mjs';
import { StepError } from '../report.mjs';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Debian's words for this machine. */
export const debianArch = { x64: 'amd64', arm64: 'arm64' }[process.arch];
export const triplet = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' }[process.arch];

/**
 * @typedef {object} PackageSet
 * @property {string} folder
 * @property {string[]} suites of Debian; the last one wins
 * @property {string[]} closures packages that come with all that they depend on
 * @property {string[]} [alone] packages that come without
 * @property {RegExp} [without] names that are left out of the closures
 */

/**
 * Downloads packages of Debian and unpacks them into a folder, unless that was done before. Nothing is installed: apt gets a
 * state of its own, in which no package is there.
 * @param {PackageSet} set
 */
export async function unpackPackages(set) {
  const account = path.join(set.folder, 'packages.json');
  const { folder, ...definition } = set;
  const wanted = JSON.stringify({ ...definition, without: set.without?.source }, null, 2);
  if (existsSync(account) && readFileSync(account, 'utf8') === wanted) return;
  rmSync(folder, { recursive: true, force: true });
  const downloads = path.join(folder, 'downloads');
  mkdirSync(downloads, { recursive: true });
  const apt = await privateApt(set.suites, path.join(folder, 'apt'));
  await apt(['update']);
  await apt(['download', ...(await namesOf(set, apt))], downloads);
  for (const file of readdirSync(downloads)) await must('dpkg', ['-x', path.join(downloads, file), folder]);
  rmSync(downloads, { recursive: true });
  rmSync(path.join(folder, 'apt'), { recursive: true });
  writeFileSync(account, wanted);
}

/** Every package of a set, with the version where apt chose it for a closure. */
async function namesOf({ suites, closures, alone = [], without }, apt) {
  const plan = await apt(['install', '-s', '--no-install-recommends', '-t', suites.at(-1), ...closures]);
  const chosen = [...plan.matchAll(/^Inst (\S+) \((\S+) /gm)].filter(([, name]) => !without?.test(name));
  return [...chosen.map(([, name, version]) => `${name}=${version}`), ...alone];
}

async function privateApt(suites, folder) {
  for (const part of ['lists/partial', 'cache/archives/partial'])
    mkdirSync(path.join(folder, part), { recursive: true });
  const sources = path.join(folder, 'debian.sources');
  const lines = { Types: 'deb', URIs: await mirror(), Suites: suites.join(' '), Components: 'main' };
  const text = Object.entries({ ...lines, 'Signed-By': keyring }).map(([name, value]) => `${name}: ${value}\n`);
  writeFileSync(sources, text.join(''));
  writeFileSync(path.join(folder, 'status'), '');
  const options = {
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '-',
    'Dir::State::Lists': path.join(folder, 'lists'),
    'Dir::State::status': path.join(folder, 'status'),
    'Dir::Cache': path.join(folder, 'cache'),
    'Acquire::Languages': 'none',
    'APT::Architecture': debianArch,
    'APT::Sandbox::User': '',
    'Debug::NoLocking': '1',
  };
  const given = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return (args, cwd) => must('apt-get', [...given, ...args], cwd);
}

/** Where this system gets Debian's packages from, or CLMBR_DEBIAN_MIRROR. */
async function mirror() {
  if (!existsSync(keyring))
    throw new StepError(
      `${keyring} is missing; it is needed to check Debian's packages (apt-get install debian-archive-keyring).`,
    );
  if (process.env.CLMBR_DEBIAN_MIRROR) return process.env.CLMBR_DEBIAN_MIRROR;
  const targets = await must('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages']);
  const found = targets.split('\n').find((line) => /\/debian\/?$/.test(line.trim()));
  if (found) return found.trim();
  throw new StepError('This system has no mirror of Debian among its sources: name one in CLMBR_DEBIAN_MIRROR.');
}

async function must(command, args, cwd) {
  const env = { ...process.env, LC_ALL: 'C' };
  const { code, output, missing } = await run(command, args, { env, ...(cwd && { cwd }) });
  if (missing)
    throw new StepError(
      `${command} is missing: what npm run test:vulkan lacks on this system can only be fetched with apt and dpkg. Install ` +
        'the Vulkan headers, glslc, the SPIR-V headers, and a Mesa with its software device instead.',
    );
  if (code !== 0)
    throw new StepError(`${command} ${args.filter((arg) => !arg.includes('::')).join(' ')} failed:\n${output.trim()}`);
  return output;
}
