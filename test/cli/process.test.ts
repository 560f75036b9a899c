import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertedModel } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { clmbr } from './command.ts';

const folder = await temporaryFolder();
const vocabularySize = 60;
let gguf: string;

beforeAll(async () => {
  // Large enough that embedding takes many seconds.
  const shape = { hiddenSize: 512, layers: 8, heads: 8, feedForward: 1536, contextLength: 2048, vocabularySize };
  ({ path: gguf } = await convertedModel(folder, 'slow', { ...shape, vocabulary: true }));
  const ids = Array.from({ length: 2048 }, (_, i) => 7 + (i % 50));
  await writeFile(join(folder, 'long.jsonl'), `${JSON.stringify({ id: 1, ids })}\n`.repeat(400));
});

/** True some time after the process has begun its run, when it computes or waits for data. */
function isAtWork(name: string): () => boolean {
  let begun = Infinity;
  return () => {
    const now = performance.now();
    if (begun === Infinity && existsSync(join(folder, `.${name}.run`))) begun = now;
    return now - begun > 300;
  };
}

const leftOvers = async (name: string) => (await readdir(folder)).filter((file) => file.includes(name));

describe.runIf(process.platform !== 'win32')('a signal', () => {
  it.each([
    ['SIGINT', 130, 'x.npz'],
    ['SIGTERM', 143, 'x.jsonl'],
  ] as const)('%s stops embed within a second and leaves nothing', async (signal, exitCode, name) => {
    const interrupt = { signal, when: isAtWork(name) };
    const outcome = await clmbr(['embed', gguf, join(folder, 'long.jsonl'), '--out', join(folder, name)], {
      interrupt,
    });
    expect(outcome).toMatchObject({ code: exitCode, stdout: '', stderr: `clmbr: stopped by ${signal}\n` });
    expect(outcome.milliseconds).toBeLessThan(1000);
    expect(await leftOvers(name)).toEqual([]);
  });

  it('that comes several times at once, as from npm or timeout, is one', async () => {
    const out = join(folder, 'twice.jsonl');
    const interrupt = { signal: 'SIGINT', when: isAtWork('twice.jsonl'), times: 5 } as const;
    const outcome = await clmbr(['embed', gguf, join(folder, 'long.jsonl'), '--out', out], { interrupt });
    expect(outcome).toMatchObject({ code: 130, stderr: 'clmbr: stopped by SIGINT\n' });
    expect(await leftOvers('twice')).toEqual([]);
  });

  it('stops a command that waits for standard input', async () => {
    const out = join(folder, 'waiting.npz');
    const interrupt = { signal: 'SIGINT', when: isAtWork('waiting.npz') } as const;
    const outcome = await clmbr(['embed', gguf, '-', '--out', out], { input: 'open', interrupt });
    expect(outcome).toMatchObject({ code: 130, stderr: 'clmbr: stopped by SIGINT\n' });
    expect(outcome.milliseconds).toBeLessThan(1000);
    expect(await leftOvers('waiting')).toEqual([]);
  });
});

describe('the process', () => {
  it('ends quietly when nobody reads its output any more', async () => {
    const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
    const child = spawn(process.execPath, [main, 'tokenize', gguf, join(folder, 'long.jsonl')]);
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    child.stdout.once('data', () => child.stdout.destroy());
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('never shows patients on standard error', async () => {
    const secret = 'SECRET7731';
    const events = [
      { code: 'TEST/1', value: secret, start: '2077-07-31T07:31:00Z' },
      { code: `LOCAL/${secret}`, value: 7731 },
    ];
    const input = `${JSON.stringify({ id: secret, events, at: ['2077-07-31'] })}\n`;
    const broken = [
      `${input}{"id": "${secret}", "events": [{"code": "TEST/1", "value": "${secret}"`,
      `${input}{"id": "${secret}", "events": [{"code": "TEST/1", "start": "${secret}"}]}`,
      `${input}{"id": "${secret}", "events": [{"code": "TEST/1", "value": ["${secret}"]}]}`,
      `${input}${secret}`,
    ];
    for (const text of [input, ...broken]) {
      for (const command of [
        ['embed', gguf, '-', '--out', '-'],
        ['next', gguf, '-'],
        ['tokenize', gguf, '-'],
      ]) {
        const { code, stderr } = await clmbr([...command, '--debug'], { input: text });
        expect(code).toBe(text === input ? 0 : 1);
        expect(stderr).not.toBe('');
        expect(stderr).not.toMatch(/SECRET|7731|2077/);
      }
    }
  });

  it('reads data of any length with bounded memory', async () => {
    const limit = ['--max-old-space-size=64'];
    const events = Array.from({ length: 200 }, () => ({ code: 'TEST/1', unit: 'x'.repeat(100) }));
    // 80 MB, more than the heap may have.
    const input = `${JSON.stringify({ events })}\n`.repeat(2800);
    const { code, stderr } = await clmbr(['tokenize', gguf, '-', '--json'], { input, node: limit });
    expect(stderr).toContain('560,000 of 560,000 events mapped');
    expect(code).toBe(0);
  });
});
