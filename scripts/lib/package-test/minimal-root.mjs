import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from '../paths.mjs';
import { StepError } from '../report.mjs';
import { NotRun } from './cases.mjs';
import { strangersFolder } from './installs.mjs';
import { must } from './machine.mjs';
import { npmProgram } from './tools.mjs';

const suite = 'bookworm';
const folder = () => inRoot('.cache', 'package-test');

/**
 * Debian's smallest system, with Node and npm copied in: no compiler, no Python, no git, no certificates, no network. The
 * system is made once by debootstrap and kept.
 */
export async function testMinimalRoot(cases, { tarball, npmCache }) {
  await cases.run(`minimal root: debootstrap --variant=minbase ${suite}, npm install offline, vector`, async () => {
    if (process.platform !== 'linux' || process.getuid() !== 0) throw new NotRun('it needs root on Linux');
    const root = await makeRoot();
    const npm = npmProgram()[1];
    if (npm === undefined) throw new NotRun('npm lies elsewhere than beside Node');
    const inside = path.join(root, 'stranger');
    for (const name of ['stranger', 'node', 'npm', 'cache'])
      rmSync(path.join(root, name), { recursive: true, force: true });
    strangersFolder(inside);
    cpSync(tarball, path.join(inside, 'clmbr.tgz'));
    cpSync(process.execPath, path.join(root, 'node'), { dereference: true });
    cpSync(path.join(path.dirname(npm), '..'), path.join(root, 'npm'), { recursive: true, dereference: true });
    cpSync(npmCache, path.join(root, 'cache'), { recursive: true });
    const install =
      '/node /npm/bin/npm-cli.js install --ignore-scripts --offline --loglevel=error --cache /cache ./clmbr.tgz';
    writeFileSync(
      path.join(root, 'stranger', 'run.sh'),
      [
        'set -e',
        'cd /stranger',
        '! command -v gcc cc make python3 git',
        install,
        '/node app.mjs',
        '/node app.cjs',
        '',
      ].join('\n'),
    );
    const script = `mount -t proc proc ${root}/proc && exec chroot ${root} /bin/sh /stranger/run.sh`;
    const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', NO_COLOR: '1' };
    const text = await must('unshare', ['-n', '-m', '-p', '-f', 'sh', '-c', script], { env });
    if (text.match(/^vector /gm)?.length !== 2) throw new StepError(`it printed no vectors:\n${text}`);
    return `without compiler, Python and network`;
  });
}

async function makeRoot() {
  const root = path.join(folder(), `minbase-${suite}`);
  if (existsSync(root)) return root;
  const work = path.join(folder(), 'minbase-new');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const { program, env } = await findDebootstrap();
  await must(program, ['--variant=minbase', suite, work], { env });
  renameSync(work, root);
  return root;
}

/** The installed one, or else Debian's package unpacked in our own folder. */
async function findDebootstrap() {
  if (existsSync('/usr/sbin/debootstrap')) return { program: '/usr/sbin/debootstrap', env: process.env };
  if (!existsSync('/usr/bin/apt-get')) throw new NotRun('there is neither debootstrap nor apt-get');
  const unpacked = path.join(folder(), 'debootstrap');
  if (!existsSync(unpacked)) {
    const download = path.join(folder(), 'debootstrap-deb');
    mkdirSync(download, { recursive: true });
    await must('apt-get', ['download', 'debootstrap'], { cwd: download });
    const deb = readdirSync(download).find((name) => name.endsWith('.deb'));
    await must('dpkg', ['-x', path.join(download, deb), unpacked]);
  }
  const env = { ...process.env, DEBOOTSTRAP_DIR: path.join(unpacked, 'usr', 'share', 'debootstrap') };
  return { program: path.join(unpacked, 'usr', 'sbin', 'debootstrap'), env };
}
