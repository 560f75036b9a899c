import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** How many times as long as usual everything may take: under a sanitizer, say. */
export const patience = Number(process.env['CLMBR_TEST_PATIENCE'] ?? 1);

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** Milliseconds from the line `ready` on standard output to the end; undefined without such a line. */
  afterReady: number | undefined;
}

export interface RunOptions {
  /** Flags of node itself. */
  flags?: string[];
  env?: NodeJS.ProcessEnv;
  /** Sent when the script says `ready`. */
  signal?: NodeJS.Signals;
  /** Milliseconds after which the script counts as hanging and is killed. */
  limit?: number;
}

/** Runs test/process/scripts/`name`.mjs on the built package. */
export async function runScript(name: string, args: string[], options: RunOptions = {}): Promise<Ended> {
  if (!existsSync(`${root}dist/index.js`)) throw new Error('dist/ is missing: run `npm run build` first');
  const script = `${root}test/process/scripts/${name}.mjs`;
  // Another runtime than this one, for npm run test:runtimes: its program, and arguments before the script.
  const [program = process.execPath, ...before] = JSON.parse(process.env['CLMBR_TEST_RUNTIME'] ?? '[]') as string[];
  const flags = before.length > 0 || program !== process.execPath ? before : (options.flags ?? []);
  // Settings of the test runner's own process are none of the script's business.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(program, [...flags, script, ...args], {
    env: { ...env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const limit = (options.limit ?? 30_000) * patience;
  const timer = setTimeout(() => child.kill('SIGKILL'), limit);
  let [stdout, stderr] = ['', ''];
  let ready: number | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (ready !== undefined || !/^ready$/m.test(stdout)) return;
    ready = performance.now();
    if (options.signal !== undefined) child.kill(options.signal);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const start = performance.now();
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject).on('close', (...ended) => resolve(ended));
  });
  clearTimeout(timer);
  const end = performance.now();
  if (signal === 'SIGKILL' && end - start >= limit)
    throw new Error(`${name} did not end within ${limit} ms\nstdout: ${stdout}\nstderr: ${stderr}`);
  return { code, signal, stdout, stderr, afterReady: ready === undefined ? undefined : end - ready };
}
