import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inRoot } from '../paths.mjs';
import { run } from '../process.mjs';
import { StepError, say, step } from '../report.mjs';

/** The compiler for all targets: clang, linker and C libraries in one Python wheel. */
const zig = {
  version: '0.17.1',
  // Of the wheel for Linux x86-64, the machine that builds.
  sha256: 'ea6cc5d87b033cf0aedfbc8f9549a908cae6c50ac31f1698188fa48a74524b54',
};

/** Everything that cross builds and their tests leave in the checkout lies here; git ignores it. */
export const inCross = (...parts) => inRoot('.cross', ...parts);

/** Environment of the compiler. Its own builds of the C and C++ libraries are kept, they take minutes. */
export const zigEnvironment = () => ({
  ZIG_GLOBAL_CACHE_DIR: inCross('zig-cache'),
  ZIG_LOCAL_CACHE_DIR: inCross('zig-cache'),
});

/** Path of a zig executable: CLMBR_ZIG, or the pinned one, installed first where it is not there yet. */
export async function findZig() {
  const override = process.env.CLMBR_ZIG;
  if (override) {
    if (!existsSync(override)) throw new StepError(`CLMBR_ZIG is ${override}, where there is no zig.`);
    say(`> zig: taken from CLMBR_ZIG (${override})`);
    return path.resolve(override);
  }
  const folder = inCross(`zig-${zig.version}`);
  const account = path.join(folder, 'zig-path');
  if (existsSync(account)) {
    const program = readFileSync(account, 'utf8');
    if (existsSync(program)) return program;
  }
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new StepError(
      `Cross builds are set up for Linux x64, and this is ${process.platform}-${process.arch}: ` +
        'use --native to build for this machine, or point CLMBR_ZIG to a zig.',
    );
  return step(`zig ${zig.version}: pip`, () => install(folder, account));
}

async function install(folder, account) {
  mkdirSync(folder, { recursive: true });
  const requirements = path.join(folder, 'requirements.txt');
  writeFileSync(requirements, `ziglang==${zig.version} --hash=sha256:${zig.sha256}\n`);
  await mustRun('python3', ['-m', 'venv', path.join(folder, 'venv')]);
  const python = path.join(folder, 'venv', 'bin', 'python');
  await mustRun(python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-deps',
    '-r',
    requirements,
  ]);
  const where = 'import os, ziglang; print(os.path.join(os.path.dirname(ziglang.__file__), "zig"))';
  const program = (await mustRun(python, ['-c', where])).trim();
  writeFileSync(account, program);
  return program;
}

/** Runs a program that has to succeed; returns what it printed. */
export async function mustRun(command, args, options) {
  const { code, output, missing } = await run(command, args, options);
  if (missing) throw new StepError(`${command} is missing; it is needed to build for other platforms.`);
  if (code !== 0) throw new StepError(`${command} ${args.join(' ')} failed:\n${output.trim()}`);
  return output;
}

/**
 * Writes cc, c++, ar and ranlib for one target into `folder`: CMake wants a program for each.
 * @param {string} folder
 * @param {string} program zig
 * @param {string} triple
 */
export function writeTools(folder, program, triple) {
  mkdirSync(folder, { recursive: true });
  // CMake finds out which compiler this is by linking a program; compiling it says as much and does not make zig build
  // a C++ library first.
  const compileOnly = 'case "$*" in *CompilerId.c*) set -- -c "$@" ;; esac';
  const tools = {
    cc: `${compileOnly}\nexec "${program}" cc -target ${triple} "$@"`,
    'c++': `${compileOnly}\nexec "${program}" c++ -target ${triple} "$@"`,
    ar: `exec "${program}" ar "$@"`,
    ranlib: `exec "${program}" ranlib "$@"`,
  };
  for (const [name, body] of Object.entries(tools)) {
    const file = path.join(folder, name);
    const text = `#!/bin/sh\n${body}\n`;
    // An unchanged file keeps its time, so that nothing is compiled anew for it.
    if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
    chmodSync(file, 0o755);
  }
}
