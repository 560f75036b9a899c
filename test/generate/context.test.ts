import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel, Future } from '../../lib/model/index.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { bySample, collect, idsOf } from './futures.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const vocabularySize = 30;
const contextLength = 40;
/** Three quarters of the context. */
const window = 30;
let model: ClmbrModel;
beforeAll(async () => {
  const { path } = await convertedModel(folder, 'model', { vocabularySize, contextLength });
  model = await load(path, { threads: 1 });
});

describe('a full context', () => {
  const forbid = [1];

  it('ends a future by default', async () => {
    const patient = randomIds(1, 10, vocabularySize);
    for (const { events, stopReason, history } of await collect(
      model.generate(patient, { samples: 3, maxEvents: 100, forbid }),
    )) {
      expect(history).toEqual({ tokens: 10, truncated: false, dropped: 0 });
      expect({ stopReason, events: events.length }).toEqual({ stopReason: 'context', events: 30 });
    }
  });

  it('leaves three quarters to the history where the events leave it nothing', async () => {
    const patient = randomIds(2, 100, vocabularySize);
    for (const maxEvents of [contextLength, 1000]) {
      const [future] = (await collect(model.generate(patient, { maxEvents, forbid }))) as [Future];
      expect(future.history).toEqual({ tokens: window, truncated: true, dropped: 0 });
      expect(future).toMatchObject({ stopReason: 'context' });
      expect(future.events).toHaveLength(10);
    }
  });

  it('moves on when asked, and every event is drawn after what is left of it', async () => {
    const patient = randomIds(3, 25, vocabularySize);
    const futures = await bySample(
      model.generate(patient, { samples: 5, maxEvents: 57, forbid, whenFull: 'roll', topK: 20 }),
    );
    for (const future of futures) {
      expect(future).toMatchObject({ stopReason: 'maxEvents', history: { tokens: 25, truncated: false } });
      expect(future.events).toHaveLength(57);
      const ids = idsOf(future);
      let context = [...patient];
      const prefixes = ids.map((id) => {
        if (context.length === contextLength) context = context.slice(-window);
        const before = context;
        context = [...context, id];
        return before;
      });
      const { patients } = await model.evaluate(prefixes, { topK: vocabularySize });
      for (const [i, { next }] of patients.entries()) {
        const { logProb } = next.find(({ id }) => id === ids[i])!;
        expect(future.events[i]!.logProb).toBeCloseTo(logProb, 5);
      }
    }
  });

  it('does not change what came before it, nor which sample is which', async () => {
    const patient = randomIds(4, 30, vocabularySize);
    const options = { samples: 70, maxEvents: 60, seed: 3 };
    const stopped = await bySample(model.generate(patient, options));
    const rolled = await bySample(model.generate(patient, { ...options, whenFull: 'roll' }));
    expect(new Set(stopped.map(({ stopReason }) => stopReason))).toEqual(new Set(['context', 'eos']));
    expect(new Set(rolled.map(({ stopReason }) => stopReason))).toEqual(new Set(['maxEvents', 'eos']));
    for (const [i, future] of stopped.entries())
      expect(rolled[i]!.events.slice(0, future.events.length)).toEqual(future.events);
    const few = await bySample(model.generate(patient, { ...options, samples: 4, whenFull: 'roll' }));
    expect(few).toEqual(rolled.slice(0, 4));
  });

  it('is no limit for a future that fills it exactly', async () => {
    const patient = randomIds(5, 15, vocabularySize);
    const [future] = await collect(model.generate(patient, { maxEvents: 25, forbid }));
    expect(future).toMatchObject({ stopReason: 'maxEvents', history: { tokens: 15, truncated: false } });
    const [longer] = await collect(model.generate(patient, { maxEvents: 26, forbid }));
    expect(longer!.history).toEqual({ tokens: 14, truncated: true, dropped: 0 });
    expect(longer!.events).toHaveLength(26);
  });
});
