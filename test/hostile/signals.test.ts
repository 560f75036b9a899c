// Signals that are none of the platform's: what they throw ends the call that they were given to, and no other.
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { ClmbrModel } from '../../lib/index.ts';
import { modelLoader } from '../support/model.ts';

const load = modelLoader();
const model = await load(fileURLToPath(new URL('../../examples/demo/demo.gguf', import.meta.url)), { threads: 1 });
const mine = new Error('mine');
const reason = new Error('a reason of our own');
const fail = (): never => {
  throw mine;
};

type Calls = Record<string, (signal: AbortSignal, on: ClmbrModel) => Promise<unknown>>;
const drain = async (items: AsyncIterable<unknown>): Promise<void> => {
  for await (const _ of items);
};
const calls: Calls = {
  embed: (signal) => model.embed([[7, 8]], { signal }),
  embedStream: (signal) => drain(model.embedStream([[7, 8]], { signal })),
  evaluate: (signal) => model.evaluate([[7, 8]], { signal }),
  generate: (signal) => drain(model.generate([7, 8], { maxEvents: 3, signal })),
  risk: (signal) => model.risk([7, 8], { outcome: 9, horizon: 3, samples: 4, signal }),
};

/** A signal of which one method fails when it is called for the n-th time. */
function failing(method: string, n: number): { signal: AbortSignal; asked: () => number } {
  let asked = 0;
  const plain = { aborted: false, addEventListener: () => 0, removeEventListener: () => 0, throwIfAborted: () => 0 };
  const signal = { ...plain, [method]: () => (++asked === n ? fail() : 0) } as unknown as AbortSignal;
  return { signal, asked: () => asked };
}

describe.each(Object.entries(calls))('a signal given to %s', (_, call) => {
  it.each(['addEventListener', 'removeEventListener', 'throwIfAborted'])('may throw in %s', async (method) => {
    for (let n = 1; n < 100; n++) {
      const { signal, asked } = failing(method, n);
      const outcome = await call(signal, model).then(
        () => 'done',
        (error: unknown) => (error === mine ? 'mine' : error),
      );
      expect(['done', 'mine']).toContain(outcome);
      // The model goes on.
      expect((await model.embed([[7]])).rows).toHaveLength(1);
      if (asked() < n) return;
    }
    expect.unreachable('the signal is asked without end');
  });

  it('may call its listeners at once', async () => {
    const signal = {
      ...{ aborted: false, reason, removeEventListener: () => 0, throwIfAborted: () => 0 },
      addEventListener: (_name: string, listener: () => void) => listener(),
    } as unknown as AbortSignal;
    const outcome = await call(signal, model).catch((error: unknown) => error);
    expect(outcome).toBe(reason);
    expect((await model.embed([[7]])).rows).toHaveLength(1);
  });
});
