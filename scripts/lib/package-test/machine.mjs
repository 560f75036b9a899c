import { spawnSync } from 'node:child_process';
import { cleanEnvironment, npm, run } from '../process.mjs';
import { StepError } from '../report.mjs';

/** Runs a program that must succeed; returns what it prints. */
export async function must(command, args, options) {
  const { code, output, missing } = await run(command, args, options);
  if (missing) throw new StepError(`there is no ${command}`);
  if (code !== 0) throw new StepError(`${[command, ...args].join(' ').slice(0, 200)} ended with ${code}:\n${output}`);
  return output;
}

const namespace = process.getuid?.() === 0 ? ['-n'] : ['-r', '-n'];

/** Whether a program can be run in a network namespace of its own, in which there is nothing. */
export const canCutNetwork = process.platform === 'linux' && spawnSync('unshare', [...namespace, 'true']).status === 0;

/** The same program without any network; unchanged where that cannot be done. */
export const withoutNetwork = (command, args) =>
  canCutNetwork ? ['unshare', [...namespace, command, ...args]] : [command, args];

/** The registry that npm is configured for: other managers look elsewhere for it. */
export async function registryOf() {
  const { output } = await npm(['config', 'get', 'registry', '--loglevel=error']);
  return output.trim().split('\n').pop();
}

/** Of npm's own variables only what a user would have: not those of the script that runs us. */
export function userEnvironment(more = {}) {
  const kept = Object.entries(cleanEnvironment()).filter(
    ([name]) =>
      !/^(npm_(package|lifecycle|command|execpath|config_local_prefix)|INIT_CWD|NODE_OPTIONS|CLMBR_)/.test(name),
  );
  return { ...Object.fromEntries(kept), NO_COLOR: '1', ...more };
}
