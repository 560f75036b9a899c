import { spawn } from 'node:child_process';
import { copyFile, readFile, readdir } from 'node:fs/promises';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../support/random.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { transpileLibrary } from '../support/transpile.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const script = fileURLToPath(new URL('scripts/embed.mjs', import.meta.url));
const folder = await temporaryFolder();
const dist = await transpileLibrary(join(folder, 'package'));
// The addon is looked for in the package that the code belongs to.
await copyFile(join(root, 'package.json'), join(folder, 'package', 'package.json'));
/** More of them with CLMBR_TEST_KILLS. */
const kills = Number(process.env.CLMBR_TEST_KILLS ?? 4);
const random = seededRandom(11);

interface Attempt {
  killed: boolean;
  resumed: number;
}

/** @param after milliseconds from `ready` to SIGKILL, or true for when it asks; without it, the process may finish */
function attempt(args: readonly string[], after?: number | (() => boolean)): Promise<Attempt> {
  const env = { ...process.env, CLMBR_PREBUILD: process.env.CLMBR_PREBUILD ?? root };
  const child = spawn(process.execPath, [script, dist, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  let timer: NodeJS.Timeout | undefined;
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (typeof after === 'number') timer ??= setTimeout(() => child.kill('SIGKILL'), after);
    else if (after !== undefined) timer ??= setInterval(() => after() && child.kill('SIGKILL'), 2);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => {
      clearTimeout(timer);
      if (code !== 0 && signal !== 'SIGKILL') return reject(new Error(stderr));
      const line = stdout.split('\n')[1] ?? '';
      resolve({ killed: signal === 'SIGKILL', resumed: line === '' ? 0 : (JSON.parse(line) as Attempt).resumed });
    });
  });
}

async function killAndResume(name: string, format: string, spread: number, args: readonly string[]): Promise<void> {
  const [whole, target] = [join(folder, `whole-${name}.${format}`), join(folder, `${name}.${format}`)];
  await attempt([whole, ...args]);
  let killed = 0;
  for (let i = 0; i < kills; i++) if ((await attempt([target, ...args], random() * spread)).killed) killed++;
  // Of these some may have come before the first chunk, or too late.
  const run = join(folder, `.${name}.${format}.run`);
  const hasChunk = () => existsSync(run) && readdirSync(run).some((one) => one.endsWith('.chunk'));
  if ((await attempt([target, ...args], hasChunk)).killed) killed++;
  const { resumed } = await attempt([target, ...args]);
  expect(killed).toBeGreaterThan(0);
  expect(resumed).toBeGreaterThan(0);
  expect((await readFile(target)).equals(await readFile(whole))).toBe(true);
  expect(existsSync(join(folder, `.${name}.${format}.run`))).toBe(false);
  expect((await readdir(folder)).filter((one) => one.includes('.partial'))).toEqual([]);
}

describe('a process that is killed at any moment', () => {
  it.each(['npz', 'parquet'])('loses little, and the %s file is the same in the end', async (format) => {
    await killAndResume('invented', format, 250, ['-', '400']);
  });

  const model = join(root, 'examples/demo/demo.gguf');
  const patients = join(root, 'examples/demo/patients.jsonl');
  const hasAddon = existsSync(join(process.env.CLMBR_PREBUILD ?? root, 'build/Release/clmbr.node'));

  it.runIf(hasAddon)('with a model gives the same vectors in the end', async () => {
    await killAndResume('model', 'npz', 1500, [model, '1200', patients]);
  });
});
