import { spawn, spawnSync } from 'node:child_process';
import { root } from './paths.mjs';

/**
 * Environment for child processes: without the variables by which git (in a hook, say) redirects every git command to
 * its own repository.
 */
export function cleanEnvironment() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX)$/.test(name)),
  );
}

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, inherit?: boolean, shell?: boolean, onLine?: (line: string) => void}} options
 *   inherit: the child writes to our output; otherwise its output is collected
 * @returns {Promise<{code: number, output: string, missing: boolean}>} missing: there is no such program
 */
export function run(command, args, options = {}) {
  const { cwd = root, env = cleanEnvironment(), inherit = false, shell = false, onLine } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, shell, stdio: inherit ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of inherit ? [] : [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (chunk) => {
        output += chunk;
        const lines = (rest + chunk).split(/\r?\n/);
        rest = lines.pop() ?? '';
        if (onLine) for (const line of lines) onLine(line);
      });
    }
    child.on('error', (error) => {
      if (error.code === 'ENOENT') resolve({ code: 127, output, missing: true });
      else reject(error);
    });
    child.on('close', (code, signal) => resolve({ code: code ?? (signal ? 1 : 0), output, missing: false }));
  });
}

/** Runs one of npm's commands with the npm that started us, else with the one on the PATH. */
export function npm(args, options = {}) {
  const started = process.env.npm_execpath;
  if (started && /npm-cli\.c?js$/.test(started)) return run(process.execPath, [started, ...args], options);
  const windows = process.platform === 'win32';
  // npm is a .cmd file on Windows, which only a shell can start; none of our arguments needs quoting.
  return run(windows ? 'npm.cmd' : 'npm', args, { ...options, shell: windows });
}

/** First line that `command --version` prints, or undefined where there is no such program. */
export function versionOf(command) {
  const result = spawnSync(command, ['--version'], { encoding: 'utf8' });
  return result.status === 0 ? result.stdout.split('\n')[0].trim() : undefined;
}
