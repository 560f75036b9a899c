import { beforeEach, describe, expect, it } from 'vitest';
import type { ClmbrModel } from '../../lib/model/index.ts';
import { SampleBatch } from '../../lib/model/sample-batch.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { collect } from './futures.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const vocabularySize = 50;
const { path } = await convertedModel(folder, 'model', { vocabularySize, contextLength: 256 });
const history = randomIds(1, 100, vocabularySize);
/** Seconds of work, were it not for its end. */
const long = { samples: 100_000, maxEvents: 128, forbid: 1 };

let model: ClmbrModel;
/** Every batch of samples that the test opened. */
let batches: SampleBatch[];
beforeEach(async () => {
  model = await load(path, { threads: 1 });
  batches = [];
  const { open } = SampleBatch;
  SampleBatch.open = async (...parameters) => {
    const batch = await open.apply(SampleBatch, parameters);
    batches.push(batch);
    return batch;
  };
  return () => {
    SampleBatch.open = open;
  };
});

const heldBytes = (): number => batches.reduce((sum, batch) => sum + batch.bytes, 0);

describe('what generate holds', () => {
  it('is one history and as many continuations as advance together', async () => {
    const bytesOf = async (samples: number): Promise<number> => {
      const iterator = model.generate(history, { samples, maxEvents: 28, forbid: 1 });
      await iterator.next();
      const bytes = batches.at(-1)!.bytes;
      await iterator.return();
      return bytes;
    };
    // Per token: 2 layers, 2 key heads of 16, keys and values, values in panels of 32 columns; counted in panels of 32 tokens.
    const perToken = 2 * 2 * (16 + 32) * 4;
    // 96 of the 100 tokens are shared, each sample has 4 and 27 of its own.
    for (const samples of [1, 20, 64]) expect(await bytesOf(samples)).toBe(perToken * (128 + samples * 32));
    for (const samples of [65, 100_000]) expect(await bytesOf(samples)).toBe(await bytesOf(64));
  });

  it('is freed when all futures have come', async () => {
    await collect(model.generate(history, { samples: 3, maxEvents: 3 }));
    expect(batches).toHaveLength(1);
    expect(heldBytes()).toBe(0);
  });

  it('is freed when the loop is left', async () => {
    for await (const { sample } of model.generate(history, long)) {
      expect(heldBytes()).toBeGreaterThan(0);
      if (sample >= 3) break;
    }
    expect(heldBytes()).toBe(0);
  });

  it('is freed when the loop throws', async () => {
    const failure = new Error('mine');
    const loop = async (): Promise<void> => {
      for await (const { sample } of model.generate(history, long)) if (sample >= 0) throw failure;
    };
    await expect(loop()).rejects.toBe(failure);
    expect(heldBytes()).toBe(0);
  });

  it('is freed by return() while the next future is computed', async () => {
    let events = 0;
    const iterator = model.generate(history, { ...long, onEvent: () => events++ });
    const next = iterator.next();
    while (events === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(heldBytes()).toBeGreaterThan(0);
    await iterator.return();
    expect(heldBytes()).toBe(0);
    expect(await next).toEqual({ done: true, value: undefined });
    expect(events).toBeLessThan(64 * 128);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('is freed on abort, also while nobody asks for more', async () => {
    const reason = new Error('enough');
    for (const between of [true, false]) {
      const controller = new AbortController();
      let events = 0;
      const iterator = model.generate(history, { ...long, signal: controller.signal, onEvent: () => events++ });
      const next = iterator.next();
      if (between) await next;
      else while (events === 0) await new Promise((resolve) => setImmediate(resolve));
      expect(heldBytes()).toBeGreaterThan(0);
      controller.abort(reason);
      expect(heldBytes()).toBe(0);
      await expect(between ? iterator.next() : next).rejects.toBe(reason);
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
    }
    await expect(collect(model.generate(history, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
  });

  it('is freed with the model, also while nobody asks for more', async () => {
    const waiting = model.generate(history, long);
    await waiting.next();
    const next = model.generate(history, long).next();
    const risk = model.risk(history, { outcome: 5, horizon: 100, samples: 100_000 });
    const refused = [expectClmbrError(next, 'DISPOSED'), expectClmbrError(risk, 'DISPOSED')];
    await new Promise((resolve) => setTimeout(resolve, 20));
    await model.dispose();
    expect(batches.length).toBeGreaterThan(0);
    expect(heldBytes()).toBe(0);
    await Promise.all([...refused, expectClmbrError(waiting.next(), 'DISPOSED')]);
    expect(() => model.generate(history)).toThrow('disposed');
  });

  it('is not computed for an abort that comes while another pass runs', async () => {
    const others = model.embed(Array.from({ length: 400 }, (_, i) => randomIds(i, 256, vocabularySize)));
    const controller = new AbortController();
    const iterator = model.generate(history, { ...long, signal: controller.signal });
    const next = iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 5));
    let done = false;
    void others.then(() => (done = true));
    controller.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    expect(done).toBe(false);
    await others;
  });
});
