import { beforeAll, describe, expect, it } from 'vitest';
import type { ClmbrModel, Future, GenerateOptions } from '../../lib/model/index.ts';
import { bare, bareId, categoryId, measured, rangeId, unknown, worded } from '../support/events.ts';
import { convertedModel, modelLoader, randomIds } from '../support/model.ts';
import { bits } from '../support/numbers.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { bySample, collect, idsOf } from './futures.ts';

const folder = await temporaryFolder();
const load = modelLoader();
const vocabularySize = 40;
const contextLength = 64;
let path: string;
let model: ClmbrModel;
beforeAll(async () => {
  ({ path } = await convertedModel(folder, 'model', { vocabularySize, contextLength, vocabulary: true }));
  model = await load(path, { threads: 1 });
});

const history = randomIds(1, 20, vocabularySize);
const futures = (options: GenerateOptions = {}): Promise<Future[]> => bySample(model.generate(history, options));

describe('generate', () => {
  it('gives one future of at most 128 events when nothing is asked', async () => {
    const patient = randomIds(2, 3, vocabularySize);
    const list = await collect(model.generate(patient));
    expect(list).toHaveLength(1);
    expect(list[0]).toMatchObject({ sample: 0, history: { tokens: 3, dropped: 0 } });
    expect(list[0]!.events.length).toBeGreaterThan(0);
    expect(list[0]!.logProbs).toBeUndefined();
  });

  it('says what each event is', async () => {
    const future = (await futures({ maxEvents: 30, forbid: ['[EOS]'], seed: 3 }))[0]!;
    expect(future.events).toHaveLength(30);
    for (const { id, logProb, ...what } of future.events) {
      expect(logProb).toBeLessThan(0);
      const { id: _, ...known } = model.tokenizer!.decode([id])[0]!;
      expect(what).toEqual(known);
    }
    expect(new Set(future.events.map(({ kind }) => kind)).size).toBeGreaterThan(2);
  });

  it('needs no vocabulary', async () => {
    const plain = await load((await convertedModel(folder, 'plain', { vocabularySize: 9 })).path, { threads: 1 });
    const [{ events }] = (await collect(plain.generate([7, 8], { maxEvents: 4, forbid: 1 }))) as [Future];
    expect(events).toHaveLength(4);
    for (const event of events) expect(Object.keys(event).toSorted()).toEqual(['id', 'logProb']);
  });

  it('gives the log-probabilities of the model itself, however the draws were shaped', async () => {
    const options = { samples: 3, maxEvents: 20, temperature: 1.7, topK: 30, topP: 0.9, forbid: [1, 2, 3] };
    for (const future of await futures({ ...options, logProbs: true })) {
      const ids = idsOf(future);
      const prefixes = ids.map((_, i) => [...history, ...ids.slice(0, i)]);
      const { patients } = await model.evaluate(prefixes, { topK: vocabularySize });
      const expected = patients.map(({ next }, i) => next.find(({ id }) => id === ids[i])!.logProb);
      for (const [i, logProb] of expected.entries()) expect(future.events[i]!.logProb).toBeCloseTo(logProb, 5);
      expect([...future.logProbs!]).toEqual(future.events.map(({ logProb }) => logProb));
    }
  });

  it('gives each future as soon as it has ended', async () => {
    const list = await collect(model.generate(history, { samples: 40, maxEvents: 30 }));
    const lengths = list.map(({ events }) => events.length);
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
    expect(new Set(lengths).size).toBeGreaterThan(3);
    expect(list.map(({ sample }) => sample).toSorted((a, b) => a - b)).toEqual([...list.keys()]);
  });

  it('draws only as fast as futures are taken', async () => {
    let events = 0;
    const iterator = model.generate(history, { samples: 30, maxEvents: 40, forbid: 1, onEvent: () => events++ });
    expect(events).toBe(0);
    await iterator.next();
    expect(events).toBe(30 * 40);
    const stopped = model.generate(history, { samples: 30, maxEvents: 40, seed: 2, onEvent: () => events++ });
    await stopped.next();
    const before = events;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(events).toBe(before);
    await stopped.return();
    await iterator.return();
  });
});

describe('a sample', () => {
  it('is the same however many there are', async () => {
    const all = await futures({ samples: 150, maxEvents: 12 });
    expect(all).toHaveLength(150);
    for (const samples of [1, 2, 17, 64, 65])
      expect(await futures({ samples, maxEvents: 12 })).toEqual(all.slice(0, samples));
  });

  it('is the same to the last bit with more threads and beside other calls', async () => {
    const options = { samples: 70, maxEvents: 15, logProbs: true };
    const alone = await futures(options);
    const other = await load(path, { threads: 2 });
    const beside = await Promise.all([
      bySample(other.generate(history, options)),
      bySample(other.generate(history.slice(5), { ...options, seed: 4 })),
      other.embed([randomIds(3, 60, vocabularySize)]),
      bySample(other.generate(history, options)),
    ]);
    for (const list of [beside[0], beside[3]]) {
      expect(list).toEqual(alone);
      for (const [i, { logProbs }] of list.entries()) expect(bits(logProbs!)).toBe(bits(alone[i]!.logProbs!));
    }
    expect(beside[1].map(idsOf)).not.toEqual(alone.map(idsOf));
  });

  it('depends on the seed, of which 64 bits count', async () => {
    const of = async (seed?: number | bigint) =>
      (await futures({ samples: 5, maxEvents: 10, ...(seed === undefined ? {} : { seed }) })).map(idsOf);
    const seeds = [0, 1, 2 ** 40, -1, 2n ** 63n];
    const results = await Promise.all(seeds.map(of));
    expect(new Set(results.map((ids) => JSON.stringify(ids))).size).toBe(seeds.length);
    expect(await of()).toEqual(results[0]);
    expect(await of(1n)).toEqual(results[1]);
    expect(await of(2n ** 64n + 1n)).toEqual(results[1]);
    expect(await of(2n ** 64n - 1n)).toEqual(results[3]);
  });

  it('begins as a longer one does', async () => {
    const short = await futures({ samples: 8, maxEvents: 5 });
    const long = await futures({ samples: 8, maxEvents: 20 });
    for (const [i, future] of short.entries()) expect(idsOf(future)).toEqual(idsOf(long[i]!).slice(0, 5));
  });

  it('is what the most probable events give with temperature 0', async () => {
    const [future] = await futures({ temperature: 0, maxEvents: 10, seed: 5 });
    const ids: number[] = [];
    while (ids.length < 10 && ids.at(-1) !== 1) {
      const { patients } = await model.evaluate([[...history, ...ids]], { topK: 1 });
      ids.push(patients[0]!.next[0]!.id);
    }
    expect(idsOf(future!)).toEqual(ids);
    expect(await futures({ topK: 1, maxEvents: 10 })).toEqual([future]);
    expect(await futures({ topP: 0, maxEvents: 10 })).toEqual([future]);
  });
});

describe('what ends a future', () => {
  const options = { samples: 60, maxEvents: 25 };

  it('is its last event, or its length', async () => {
    const reasons = new Set<string>();
    for (const { events, stopReason } of await futures({ ...options, stop: ['TEST/3', 20] })) {
      reasons.add(stopReason);
      const last = events.at(-1)!;
      const isEnd = ({ id, code }: { id: number; code?: string | null }) => id === 1 || id === 20 || code === 'TEST/3';
      expect(events.slice(0, -1).some(isEnd)).toBe(false);
      if (stopReason === 'eos') expect(last.id).toBe(1);
      else if (stopReason === 'stop') expect(isEnd(last) && last.id !== 1).toBe(true);
      else expect({ stopReason, length: events.length }).toEqual({ stopReason: 'maxEvents', length: 25 });
    }
    expect([...reasons].toSorted()).toEqual(['eos', 'maxEvents', 'stop']);
  });

  it('can be a function of the event', async () => {
    const codes = await futures({ ...options, stop: ['TEST/3'] });
    const called = await futures({ ...options, stop: (event) => event.code === 'TEST/3' });
    expect(called).toEqual(codes);
  });

  it('can be what such a function throws', async () => {
    const failure = new Error('mine');
    const stop = (): boolean => {
      throw failure;
    };
    await expect(futures({ stop })).rejects.toBe(failure);
    await expect(futures({ onEvent: stop })).rejects.toBe(failure);
  });

  it('does not come before minEvents', async () => {
    const stop = ['TEST/1', 'TEST/2', 'TEST/3', 'TEST/4', 'TEST/5'];
    const lengths = async (more: GenerateOptions) =>
      (await futures({ ...options, ...more })).map(({ events }) => events.length);
    expect(Math.min(...(await lengths({ stop })))).toBe(1);
    const late = await futures({ ...options, stop, minEvents: 6 });
    const isStop = ({ code, id }: { code?: string | null; id: number }) => id === 1 || stop.includes(code ?? '');
    for (const { events } of late) expect(events.findIndex(isStop)).toSatisfy((at: number) => at === -1 || at >= 6);
    expect(Math.min(...late.map(({ events }) => events.length))).toBe(7);
    const called = await futures({ ...options, stop: ({ code }) => stop.includes(code ?? ''), minEvents: 6 });
    expect(Math.min(...called.map(({ events }) => events.length))).toBe(7);
  });
});

describe('forbidden events', () => {
  it('are never drawn: ids, all tokens of codes, special tokens', async () => {
    const forbid = ['TEST/2', 'TEST/7', '[EOS]', '[PAD]', 33];
    const ids = [bareId(2), rangeId(2), categoryId(2), bareId(7), rangeId(7), categoryId(7), 1, 4, 33];
    const drawn = new Set((await futures({ samples: 100, maxEvents: 30, forbid })).flatMap(idsOf));
    for (const id of ids) expect(drawn.has(id)).toBe(false);
    expect(drawn.size).toBe(vocabularySize - ids.length);
  });

  it('are none by default: special tokens come too', async () => {
    const drawn = new Set((await futures({ samples: 200, maxEvents: 30 })).flatMap(idsOf));
    expect(drawn.size).toBe(vocabularySize);
  });
});

describe('onEvent', () => {
  it('sees every event as it is drawn', async () => {
    const seen: number[][] = [];
    const ended = new Set<number>();
    const onEvent = (sample: number, { id, logProb }: { id: number; logProb: number }): void => {
      expect(ended.has(sample)).toBe(false);
      expect(logProb).toBeLessThan(0);
      (seen[sample] ??= []).push(id);
    };
    const list: Future[] = [];
    for await (const future of model.generate(history, { samples: 80, maxEvents: 9, onEvent })) {
      ended.add(future.sample);
      list[future.sample] = future;
    }
    expect(seen).toEqual(list.map(idsOf));
  });
});

describe('the history', () => {
  const first = async (
    patient: Parameters<ClmbrModel['generate']>[0],
    options: GenerateOptions = {},
  ): Promise<Future> => (await collect(model.generate(patient, { maxEvents: 8, forbid: 1, ...options })))[0]!;

  it('is the last tokens that the events leave room for', async () => {
    const long = randomIds(4, 100, vocabularySize);
    for (const [maxEvents, tokens] of [
      [8, 56],
      [63, 1],
      [1, 63],
    ] as const) {
      const cut = await first(long, { maxEvents });
      expect(cut.history).toEqual({ tokens, truncated: true, dropped: 0 });
      expect(cut.events).toHaveLength(maxEvents);
      const whole = await first(long.slice(-tokens), { maxEvents });
      expect(whole.history).toEqual({ tokens, truncated: false, dropped: 0 });
      expect(whole.events).toEqual(cut.events);
    }
  });

  it('ends at the label time', async () => {
    const events = [bare(1), measured(2, '2020-01-01'), unknown('NOWHERE/1', '2020-02-01'), worded(3, '2021-01-01')];
    const early = await first([bareId(1), rangeId(2)]);
    const late = await first([bareId(1), rangeId(2), categoryId(3)]);
    expect((await first(events)).events).toEqual(late.events);
    const cut = await first(events, { at: '2020-06-01' });
    expect(cut).toEqual({ ...early, history: { tokens: 2, truncated: false, dropped: 1 } });
    expect(await first({ events, at: ['2020-06-01'] })).toEqual(cut);
    expect((await first({ events, at: ['2020-06-01'] }, { at: new Date('2021-01-01') })).events).toEqual(late.events);
  });

  it('begins with [CLS] [BOS] on request, and stays open', async () => {
    const expected = await first([5, 0, bareId(1), bareId(2)]);
    expect(await first([bare(1), bare(2)], { specialTokens: true })).toEqual(expected);
    expect(await first([], { specialTokens: true })).toEqual(await first([5, 0]));
  });
});
