import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';

export interface Outcome {
  code: number;
  /** Standard output and standard error, as they came. */
  output: string;
}

/**
 * Runs a program to its end.
 * @param onLine gets each line of its output
 * @throws the signal's reason, once the program and all that it started have ended
 */
export async function run(
  command: string,
  args: readonly string[],
  { signal, onLine }: { signal: AbortSignal; onLine?: (line: string) => void },
): Promise<Outcome> {
  signal.throwIfAborted();
  return await new Promise((resolve, reject) => {
    // A group of its own: stopping CMake alone would leave the compilers running.
    const detached = process.platform !== 'win32';
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached, windowsHide: true });
    const stop = () => stopAll(child);
    signal.addEventListener('abort', stop, { once: true });
    process.once('exit', stop);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
        const lines = (rest + chunk).split(/\r?\n/);
        rest = lines.pop() ?? '';
        for (const line of lines) onLine?.(line);
      });
    }
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', stop);
      process.removeListener('exit', stop);
      if (signal.aborted) reject(signal.reason as Error);
      else settle();
    };
    child.on('error', (error) => end(() => reject(error)));
    child.on('close', (code) => end(() => resolve({ code: code ?? 1, output })));
  });
}

function stopAll({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    if (process.platform === 'win32') spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'], { windowsHide: true });
    else process.kill(-pid, 'SIGTERM');
  } catch {
    // It has ended already.
  }
}

/** Share of a build that a line of make (`[ 45%]`), ninja (`[12/45]`) reports, or undefined. */
export function buildShare(line: string): number | undefined {
  const percent = /^\[\s*(\d+)%\]/.exec(line);
  if (percent !== null) return Number(percent[1]) / 100;
  const count = /^\[(\d+)\/(\d+)\]/.exec(line);
  return count !== null && Number(count[2]) > 0 ? Number(count[1]) / Number(count[2]) : undefined;
}
