import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from '../paths.mjs';
import { npm } from '../process.mjs';
import { StepError } from '../report.mjs';

const packages = {
  pnpm: '10.34.8',
  yarn: '1.22.22',
  '@yarnpkg/cli-dist': '4.18.1',
  bun: '1.4.5',
  esbuild: '0.28.2',
};

const folder = () => inRoot('.cache', 'package-test', 'tools');
const inTools = (...parts) => path.join(folder(), 'node_modules', ...parts);

/** Installs package managers and the bundler, once; no script of theirs runs. */
export async function installTools() {
  const stamp = path.join(folder(), 'stamp');
  const wanted = JSON.stringify(packages);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  mkdirSync(folder(), { recursive: true });
  writeFileSync(path.join(folder(), 'package.json'), JSON.stringify({ private: true, dependencies: packages }));
  const { code, output } = await npm(['install', '--ignore-scripts', '--no-package-lock', '--loglevel=error'], {
    cwd: folder(),
  });
  if (code !== 0) throw new StepError(`npm could not install the package managers:\n${output.trim()}`);
  writeFileSync(stamp, wanted);
}

/** Programs, as the first words of a command. */
export const programs = {
  pnpm: () => [process.execPath, inTools('pnpm', 'bin', 'pnpm.cjs')],
  yarnClassic: () => [process.execPath, inTools('yarn', 'bin', 'yarn.js')],
  yarn: () => [process.execPath, inTools('@yarnpkg', 'cli-dist', 'bin', 'yarn.js')],
  // The package's own program is put in place by an install script; it lies in the package of the platform.
  bun: () => {
    const name = process.platform === 'win32' ? 'bun.exe' : 'bun';
    return [inTools('@oven', `bun-${bunPlatform()}-${process.arch === 'arm64' ? 'aarch64' : 'x64'}`, 'bin', name)];
  },
  esbuild: () => [inTools('esbuild', 'bin', 'esbuild')],
};

const bunPlatform = () => (process.platform === 'win32' ? 'windows' : process.platform);

/** npm itself: the one that runs us, else the one beside Node. */
export function npmProgram() {
  const cli = process.env.npm_execpath;
  if (cli && /npm-cli\.c?js$/.test(cli)) return [process.execPath, cli];
  const beside = path.join(path.dirname(process.execPath), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  return existsSync(beside) ? [process.execPath, beside] : ['npm'];
}
