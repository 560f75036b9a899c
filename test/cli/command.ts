import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Outcome {
  /** Exit code; null when a signal ended the process. */
  code: number | null;
  stdout: string;
  stderr: string;
  /** From the first signal to the end. */
  milliseconds: number;
}

export interface CommandOptions {
  /** What standard input holds; `open`: it never ends. */
  input?: string | 'open';
  /** Working folder. */
  cwd?: string;
  env?: Record<string, string | undefined>;
  /** Node's own options. */
  node?: string[];
  /** Sends the signal as soon as this returns true. */
  interrupt?: { signal: NodeJS.Signals; when: (pid: number) => boolean; times?: number };
}

/** Runs the built command line in a process of its own. */
export function clmbr(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined, ...options.env };
  const child = spawn(process.execPath, [...(options.node ?? []), main, ...args], { env, cwd: options.cwd });
  const { interrupt, input = '' } = options;
  const output = { stdout: '', stderr: '' };
  let sent = 0;
  const timer = setInterval(() => {
    if (interrupt === undefined || sent > 0 || !interrupt.when(child.pid!)) return;
    sent = performance.now();
    child.kill(interrupt.signal);
    // A moment apart, or the system delivers them as one.
    for (let i = 1; i < (interrupt.times ?? 1); i++) setTimeout(() => child.kill(interrupt.signal), 3 * i);
  }, 5);
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text));
  child.stdin.on('error', () => undefined);
  if (input !== 'open') child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(timer);
      resolve({ ...output, code, milliseconds: performance.now() - sent });
    });
  });
}
