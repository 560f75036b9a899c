import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../lib/index.ts';
import type { ClmbrModel, LoadOptions } from '../../lib/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { bits } from '../support/numbers.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const vocabularySize = 40;
let path: string;
beforeAll(async () => {
  ({ path } = await convertedModel(folder, 'model', {
    vocabularySize,
    contextLength: 512,
    hiddenSize: 128,
    layers: 3,
  }));
});

/** Some hundred milliseconds of work in many passes. */
const cohort = Array.from({ length: 200 }, (_, i) => randomIds(i, 200, vocabularySize));
const small = [randomIds(1000, 40, vocabularySize)];
const options: LoadOptions = { threads: 1, maxBatchTokens: 1024 };

const others = Array.from({ length: 60 }, (_, i) => randomIds(2000 + i, 90, vocabularySize));

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function timeOf(model: ClmbrModel, patients: number[][]): Promise<number> {
  const start = performance.now();
  await model.embed(patients);
  return performance.now() - start;
}

/** What became of a promise, and after which others. */
function follow<T>(order: string[], name: string, promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const settled = Promise.allSettled([promise]).then(([result]) => result!);
  void settled.then(({ status }) => order.push(`${name} ${status}`));
  return settled;
}

/** Resolves at the first pass that a call has behind it. */
function begun(model: ClmbrModel, patients: number[][], signal?: AbortSignal) {
  let onProgress: (() => void) | undefined;
  const first = new Promise<void>((resolve) => (onProgress = resolve));
  const result = model.embed(patients, { onProgress: () => onProgress!(), signal });
  result.catch(() => undefined);
  return { first, result };
}

describe('calls at once', () => {
  it('a small one does not wait for a cohort before it, of its kind or of another', async () => {
    const model = await load(path, options);
    const alone = await model.embed(small);
    const { first, result } = begun(model, cohort);
    const order: string[] = [];
    const large = follow(order, 'cohort', result);
    await first;
    const calls = [
      follow(order, 'hidden', model.embed(small)),
      follow(order, 'logits', model.embed(small, { representation: 'logits' })),
      follow(order, 'mean', model.embed(small, { pooling: 'mean' })),
      follow(order, 'next', model.evaluate(small)),
    ];
    const [hidden] = await Promise.all(calls);
    expect(order).not.toContain('cohort fulfilled');
    await large;
    expect(order.at(-1)).toBe('cohort fulfilled');
    expect(bits((hidden as PromiseFulfilledResult<typeof alone>).value.data)).toBe(bits(alone.data));
  });

  it('made together share the first pass', async () => {
    const model = await load(path, options);
    const seen: string[] = [];
    const call = (name: string) =>
      model.embed(small, {
        onProgress: ({ tokens }) => {
          seen.push(`${name} ${tokens}`);
          queueMicrotask(() => seen.push('later'));
        },
      });
    await Promise.all([call('a'), call('b'), call('c')]);
    // Nothing ran between the three: they were told of one pass.
    expect(seen).toEqual(['a 40', 'b 40', 'c 40', 'later', 'later', 'later']);
  });
});

describe('abort', () => {
  it('before the call rejects with the reason', async () => {
    const model = await load(path, options);
    const reason = { any: 'value' };
    await expect(model.embed(small, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(model.evaluate(small, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('before the first pass', async () => {
    const model = await load(path, options);
    const controller = new AbortController();
    const call = model.embed(cohort, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toBe(controller.signal.reason);
    expect((await model.embed(small)).rows).toHaveLength(1);
  });

  it('during a pass ends soon, and the model goes on', async () => {
    const model = await load(path, { ...options, maxBatchTokens: 1 << 20 });
    const alone = bits((await model.embed(small)).data);
    const shares: number[] = [];
    for (let i = 0; i < 3; i++) {
      const whole = await timeOf(model, cohort);
      const controller = new AbortController();
      const call = model.embed(cohort, { signal: controller.signal });
      call.catch(() => undefined);
      await sleep(whole / 5);
      const aborted = performance.now();
      controller.abort(new Error('stop'));
      await expect(call).rejects.toThrow('stop');
      // Whatever runs next has to wait for the end of that pass.
      expect(bits((await model.embed(small)).data)).toBe(alone);
      shares.push((performance.now() - aborted) / whole);
    }
    // Four fifths of the pass were left. One measurement may be off on a busy machine, two of three are not.
    expect(shares.toSorted((a, b) => a - b)[1]).toBeLessThan(0.4);
  });

  it('in the middle of a pass does not touch another call in it', async () => {
    const model = await load(path, { ...options, maxBatchTokens: 1 << 20 });
    const expected = bits((await model.embed(others)).data);
    const whole = await timeOf(model, cohort);
    for (const share of [0.2, 0.5]) {
      const controller = new AbortController();
      const doomed = model.embed(cohort, { signal: controller.signal });
      const kept = model.embed(others);
      setTimeout(() => controller.abort(), share * whole);
      const [ended, other] = await Promise.allSettled([doomed, kept]);
      expect(ended).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } });
      expect(other).toMatchObject({ status: 'fulfilled' });
      expect(bits((other as PromiseFulfilledResult<{ data: Float32Array }>).value.data)).toBe(expected);
    }
  });

  it('of one call leaves another that shares its passes correct', async () => {
    const model = await load(path, options);
    const expected = bits((await model.embed(others)).data);
    for (const passes of [1, 3]) {
      const controller = new AbortController();
      let seen = 0;
      const doomed = model.embed(cohort, {
        signal: controller.signal,
        onProgress: () => {
          if (++seen === passes) controller.abort();
        },
      });
      const [ended, other] = await Promise.allSettled([doomed, model.embed(others)]);
      expect(ended).toMatchObject({ status: 'rejected', reason: { name: 'AbortError' } });
      expect(other.status).toBe('fulfilled');
      expect(bits((other as PromiseFulfilledResult<{ data: Float32Array }>).value.data)).toBe(expected);
    }
  });

  it('after the end does nothing', async () => {
    const model = await load(path, options);
    const controller = new AbortController();
    await model.embed(small, { signal: controller.signal });
    controller.abort();
    expect((await model.embed(small)).rows).toHaveLength(1);
  });
});

describe('dispose', () => {
  it('rejects what is under way and waiting, then resolves', async () => {
    const model = await loadModel(path, options);
    const order: string[] = [];
    const { first, result } = begun(model, cohort);
    const running = follow(order, 'running', result);
    let other: PromiseSettledResult<unknown> | undefined;
    const queued = new Promise<void>((resolve) => {
      void follow(order, 'waiting', model.evaluate(cohort, { onProgress: () => resolve() })).then(
        (settled) => (other = settled),
      );
    });
    await Promise.all([first, queued]);
    const disposed = follow(order, 'dispose', model.dispose());
    expect((await disposed).status).toBe('fulfilled');
    expect(order.toSorted()).toEqual(['dispose fulfilled', 'running rejected', 'waiting rejected']);
    expect(order.at(-1)).toBe('dispose fulfilled');
    for (const settled of [await running, other])
      await expectClmbrError(
        Promise.reject((settled as PromiseRejectedResult).reason as Error),
        'DISPOSED',
        'load it again',
      );
  });

  it('twice is the same, and later calls are refused', async () => {
    const model = await loadModel(path, options);
    await Promise.all([model.dispose(), model.dispose()]);
    await model.dispose();
    await model[Symbol.asyncDispose]();
    await expectClmbrError(model.embed(small), 'DISPOSED');
    await expectClmbrError(model.evaluate(small), 'DISPOSED');
    await expectClmbrError(() => model.embedStream(small), 'DISPOSED');
    expect(model.info.hiddenSize).toBe(128);
  });

  it('while a call is still reading its patients ends that call', async () => {
    const model = await loadModel(path, options);
    const call = model.embed(cohort);
    const disposed = model.dispose();
    await expectClmbrError(call, 'DISPOSED');
    await disposed;
  });

  it('of one model leaves another of the same file alone', async () => {
    const [one, other] = [await loadModel(path, options), await load(path, options)];
    const expected = bits((await other.embed(small)).data);
    const call = one.embed(cohort);
    const refused = expectClmbrError(call, 'DISPOSED');
    const computed = other.embed(small);
    await one.dispose();
    await refused;
    expect(bits((await computed).data)).toBe(expected);
  });
});
