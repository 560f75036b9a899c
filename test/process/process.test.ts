import { stat } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertedModel } from '../support/model.ts';
import { runScript } from '../support/process.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
let path: string;
let other: string;
let megabytes: number;
beforeAll(async () => {
  const shape = {
    hiddenSize: 256,
    heads: 8,
    kvHeads: 4,
    layers: 4,
    feedForward: 512,
    vocabularySize: 200,
    contextLength: 1024,
  };
  ({ path } = await convertedModel(folder, 'model', shape));
  ({ path: other } = await convertedModel(folder, 'other', { ...shape, layers: 1, seed: 2 }));
  megabytes = (await stat(path)).size / 2 ** 20;
});

/** Milliseconds in which a process must be gone; its work would take minutes. */
const soon = 2000;

describe('a process that ends while the model works', () => {
  it.each([
    ['exit', 7],
    ['code', 9],
    ['callback', 8],
  ])('by process.exit (%s) ends at once with its code', async (way, expected) => {
    const { code, signal, stderr, afterReady } = await runScript('leave-working', [path, way]);
    expect({ code, signal, stderr }).toEqual({ code: expected, signal: null, stderr: '' });
    expect(afterReady).toBeLessThan(soon);
  });

  it.each([
    ['throw', 'thrown on purpose'],
    ['reject', 'rejected on purpose'],
  ])('by an error that nobody catches (%s)', async (way, message) => {
    const { code, signal, stderr, afterReady } = await runScript('leave-working', [path, way]);
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(stderr).toContain(message);
    expect(afterReady).toBeLessThan(soon);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('by %s', async (name) => {
    const { signal, stderr, afterReady } = await runScript('leave-working', [path, 'wait'], { signal: name });
    expect({ signal, stderr }).toEqual({ signal: name, stderr: '' });
    expect(afterReady).toBeLessThan(soon);
  });

  it('while weights are loaded', async () => {
    const { code, stderr, afterReady } = await runScript('leave-loading', [path]);
    expect({ code, stderr }).toEqual({ code: 6, stderr: '' });
    expect(afterReady).toBeLessThan(soon);
  });
});

describe('a process', () => {
  it('ends by itself though nobody disposed of its model', async () => {
    const { code, stderr, afterReady } = await runScript('never-disposed', [path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(afterReady).toBeLessThan(soon);
  });

  it('has workers that load and embed at once, and survives their end in the middle of work', async () => {
    const { code, stdout, stderr } = await runScript('workers', [path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^ok$/m);
    const { terminated } = JSON.parse(stdout.split('\n')[0]!) as { terminated: number };
    expect(terminated).toBeLessThan(2 * soon);
  });

  it('ends a worker without waiting for the end of its pass', async () => {
    const { code, stdout, stderr } = await runScript('terminate-in-pass', [path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect((JSON.parse(stdout) as { terminated: number }).terminated).toBeLessThan(soon);
  });

  it('forks another that computes the same', async () => {
    const { code, stdout, stderr } = await runScript('fork', [path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toBe('ok\n');
  });

  it.each(['4', '1'])('holds several models at once, with %s threads for all waiting', async (threads) => {
    const env = { UV_THREADPOOL_SIZE: threads };
    const { code, stdout, stderr } = await runScript('two-models', [path, other], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { alone, together } = JSON.parse(stdout) as { alone: string[]; together: string[] };
    expect(new Set(alone).size).toBe(2);
    expect(together).toEqual(alone);
  });

  it('keeps its event loop free while the model works', async () => {
    const { code, stdout, stderr } = await runScript('event-loop', [path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { idle, busy, passes, ended } = JSON.parse(stdout) as {
      idle: Record<'ticks' | 'p90', number>;
      busy: Record<'ticks' | 'p90', number>;
      passes: number;
      ended: string;
    };
    expect(ended).toBe('AbortError');
    expect(passes).toBeGreaterThan(0);
    // Beside the same load. A pass that held the loop would leave a handful of ticks.
    expect(busy.ticks).toBeGreaterThan(0.3 * idle.ticks);
    expect(busy.p90).toBeLessThan(idle.p90 + 50);
  });

  it('hears of no rejection that nobody handles, whatever is left half done', async () => {
    const { code, stdout, stderr } = await runScript('half-done', [path]);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'still here\n', stderr: '' });
  });

  it('does not grow over a hundred loads, disposed of or forgotten', async () => {
    const { code, stdout, stderr } = await runScript('memory', [path], { flags: ['--expose-gc'] });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { settled, disposed, forgotten } = JSON.parse(stdout) as Record<string, number>;
    // Keeping the weights of every tenth load would show.
    expect(disposed! - settled!).toBeLessThan(7 * megabytes);
    expect(forgotten! - settled!).toBeLessThan(10 * megabytes);
  });
});
