import { versionOf } from './process.mjs';
import { StepError } from './report.mjs';

const oldestCMake = [3, 18];

/** What to type to get a tool, by platform. */
const advice = {
  git: {
    linux: 'apt-get install git',
    darwin: 'xcode-select --install',
    win32: 'winget install Git.Git',
  },
  cmake: {
    linux: 'apt-get install cmake',
    darwin: 'brew install cmake',
    win32: 'winget install Kitware.CMake',
  },
  compiler: {
    linux: 'apt-get install g++',
    darwin: 'xcode-select --install',
    win32: 'install "Build Tools for Visual Studio" with the C++ workload',
  },
  make: {
    linux: 'apt-get install make',
    darwin: 'xcode-select --install',
    win32: 'installed with "Build Tools for Visual Studio"',
  },
};

function missing(what, purpose, tool, platform) {
  const how = advice[tool][platform] ?? advice[tool].linux;
  const like = platform === 'linux' ? ' (Debian and Ubuntu; other distributions name it alike)' : '';
  return `${what} is missing; it is needed to ${purpose}.\n  Get it with: ${how}${like}`;
}

/**
 * Names everything that is missing at once, with the way to get it.
 * @param {('git' | 'native')[]} needs what the next steps need
 * @param {{version?: (command: string) => string | undefined, platform?: string, env?: NodeJS.ProcessEnv}} probe
 */
export function checkTools(needs, probe = {}) {
  const { version = versionOf, platform = process.platform, env = process.env } = probe;
  const some = (...commands) => commands.some((command) => command && version(command) !== undefined);
  const problems = [];
  if (needs.includes('git') && !some('git')) problems.push(missing('git', "unpack ggml's sources", 'git', platform));
  if (needs.includes('native')) {
    problems.push(...cmakeProblems(version('cmake'), platform));
    // On Windows cmake-js itself finds Visual Studio, which is not on the PATH.
    if (platform !== 'win32') {
      if (!some(env.CXX, 'c++', 'g++', 'clang++'))
        problems.push(missing('A C++17 compiler', 'build the native addon', 'compiler', platform));
      if (!some('ninja', 'make', 'gmake'))
        problems.push(missing('A make tool (make or ninja)', 'build the native addon', 'make', platform));
    }
  }
  if (problems.length > 0) throw new StepError(problems.join('\n'));
}

function cmakeProblems(line, platform) {
  if (line === undefined) return [missing('CMake', 'build the native addon', 'cmake', platform)];
  const found = /(\d+)\.(\d+)/.exec(line);
  if (!found) return [];
  const [major, minor] = [Number(found[1]), Number(found[2])];
  if (major > oldestCMake[0] || (major === oldestCMake[0] && minor >= oldestCMake[1])) return [];
  return [
    `CMake ${oldestCMake.join('.')} or later is needed to build the native addon; this is ${found[0]}.\n` +
      '  A newer one without system rights: pip install cmake',
  ];
}

export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new StepError(`Node.js 20.19 or later is needed; this is ${version}.`);
}
