// A signal or a disposal that comes while the result of a step is on its way: no end of the samples, whatever the order of events is.
import { describe, expect, it } from 'vitest';
import { SampleBatch } from '../../lib/model/sample-batch.ts';
import type { SampleSettings } from '../../lib/model/sample-batch.ts';
import type { Session } from '../../lib/model/session.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import type { NativeDraws, NativeGeneration } from '../../lib/native/index.ts';

const samples = 3;
const settings: SampleSettings = {
  sampler: {
    temperature: 1,
    topK: 0,
    topP: 1,
    forbidden: new Int32Array(0),
    early: new Int32Array(0),
    minEvents: 0,
    target: new Int32Array(0),
    seed: 1n,
  },
  maxEvents: 5,
  whenFull: 'roll',
  ends: () => undefined,
};

/** A model whose passes end at once; `interrupt` comes between the end of pass number `at` and what follows it. */
function interrupted(at: number, interrupt: (session: Session) => void) {
  let passes = 0;
  let held = 0;
  const generation = (): NativeGeneration => {
    held++;
    let isHeld = true;
    const dispose = (): void => {
      if (isHeld) held--;
      isHeld = false;
    };
    return { bytes: 1, release: () => undefined, rewind: () => undefined, dispose };
  };
  const native = {
    prefill: () => Promise.resolve(generation()),
    step: ({ samples: { length } }: { samples: Int32Array }): Promise<NativeDraws> =>
      Promise.resolve({
        ids: new Int32Array(length).fill(7),
        logProbs: new Float32Array(length),
        targets: new Float32Array(length),
      }),
  };
  const session = {
    model: { hyperparameters: { layerCount: 1, kvHeadCount: 1, headSize: 16, contextLength: 8 } },
    open: new Set<WeakRef<SampleBatch>>(),
    queue: {
      async exclusive(work: (model: typeof native, job: unknown) => Promise<unknown>) {
        const result = await work(native, {});
        if (++passes === at) interrupt(session);
        return result;
      },
    },
  } as unknown as Session;
  return { session, held: () => held };
}

async function drawAll(session: Session, signal: AbortSignal): Promise<number> {
  const batch = await SampleBatch.open(session, Int32Array.of(1, 2, 3, 4, 5), settings, samples, signal);
  let count = 0;
  try {
    for await (const _ of batch.run(0, samples)) count++;
  } finally {
    batch.dispose();
  }
  return count;
}

// The history, five steps, and before the fourth and the fifth the windows of three samples that move on.
const passes = Array.from({ length: 8 }, (_, i) => i + 1);

describe('samples of which a pass was the last', () => {
  it('are all there where nothing interrupts', async () => {
    const { session, held } = interrupted(Infinity, () => undefined);
    expect(await drawAll(session, new AbortController().signal)).toBe(samples);
    expect(held()).toBe(0);
  });

  it.each(passes)('reject with the reason of a signal aborted on the way from pass %i', async (at) => {
    const controller = new AbortController();
    const reason = new Error('a reason of our own');
    const { session, held } = interrupted(at, () => controller.abort(reason));
    await expect(drawAll(session, controller.signal)).rejects.toBe(reason);
    expect(held()).toBe(0);
  });

  it.each(passes)('reject with DISPOSED where the model went on the way from pass %i', async (at) => {
    const { session, held } = interrupted(at, ({ open }) => {
      for (const one of open) one.deref()?.dispose();
    });
    await expectClmbrError(drawAll(session, new AbortController().signal), 'DISPOSED');
    expect(held()).toBe(0);
  });
});
