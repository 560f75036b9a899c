import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { openGguf } from '../../lib/gguf/reader.ts';
import { writeCheckpoint } from '../support/checkpoint.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { transpileLibrary } from '../support/transpile.ts';

const folder = await temporaryFolder();
const source = join(folder, 'checkpoint');
const script = join(folder, 'scripts', 'convert');
let dist = '';

beforeAll(async () => {
  dist = await transpileLibrary(folder);
  await cp(fileURLToPath(new URL('../../scripts/convert', import.meta.url)), script);
  await writeCheckpoint(source, {
    hiddenSize: 256,
    heads: 4,
    feedForward: 512,
    layers: 4,
    vocabularySize: 400,
    vocabulary: true,
  });
});

async function run(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 50_000,
    killSignal: 'SIGKILL',
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

describe('a conversion that is killed', () => {
  /** A child that reports each step and waits after the one named, so that it dies exactly there. */
  const program = (target: string, stage: string, least: number) => `
    import { convertCheckpoint } from ${JSON.stringify(pathToFileURL(join(dist, 'convert/convert.js')).href)};
    const hold = () => { process.stdout.write('here\\n'); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 40000); };
    await convertCheckpoint({
      source: ${JSON.stringify(source)},
      target: ${JSON.stringify(target)},
      onProgress: ({ stage, done, total }) => { if (stage === '${stage}' && done >= total * ${least}) hold(); },
    });
    process.exit(9);`;

  it.each([
    ['read', 0, 0],
    ['write', 0, 1],
    ['write', 0.5, 1],
    ['write', 1, 1],
  ])('while it was in %s at %d leaves no target', async (stage, least, partials) => {
    const own = join(folder, `killed-${stage}-${least}`);
    await mkdir(own);
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(join(own, 'out.gguf'), stage, least)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    expect({ code, signal }).toEqual({ code: null, signal: 'SIGKILL' });
    const left = await readdir(own);
    expect(left.length).toBe(partials);
    for (const name of left) expect(name).toMatch(/^\.out\.gguf\.[0-9a-f]{12}\.partial$/);
  });
});

describe('scripts/convert', () => {
  it('converts and prints the digest', async () => {
    const target = join(folder, 'script.gguf');
    const { code, stdout, stderr } = await run(script, source, target, '--type', 'q8_0');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const file = await openGguf(target);
    expect(file.tensors.get('blk.0.ffn_up.weight')!.type).toBe('Q8_0');
    expect(stdout).toMatch(/\nsha256 [0-9a-f]{64}\n$/);
    expect(stdout).toContain(`${(await stat(target)).size} bytes, Q8_0, 39 tensors`);
    expect(stdout).toContain('400 tokens');
    const again = await run(script, source, target);
    expect(again).toMatchObject({ code: 1, stdout: '' });
    expect(again.stderr).toMatch(/^convert: .*exists already.*\n$/);
    expect((await run(script, source, target, '--overwrite', '--quiet')).code).toBe(0);
  });

  it.each([
    [[], 'expected a folder and a target'],
    [['a', 'b', '--type', 'q2'], 'q2'],
    [['a', 'b', '--wrong'], '--wrong'],
    [['a', 'b', '--rope-original-context', 'many'], 'many'],
  ])('ends with 2 for %j', async (args, text) => {
    const { code, stderr } = await run(script, ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(text);
    expect(stderr.trimEnd().split('\n').length).toBe(1);
  });

  it('explains itself, and ends with 1 on one line when the checkpoint is not there', async () => {
    expect(await run(script, '--help')).toMatchObject({ code: 0, stderr: '' });
    const { code, stderr } = await run(script, join(folder, 'none'), join(folder, 'x.gguf'));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^convert: Cannot read .*none: it does not exist\.\n$/);
  });
});
