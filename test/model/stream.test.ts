import { beforeAll, describe, expect, it } from 'vitest';
import { CoverageCounter } from '../../lib/index.ts';
import type { ClmbrModel, Patient } from '../../lib/index.ts';
import { bare, unknown } from '../support/events.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader } from '../support/model.ts';
import { bits, rowsOf } from '../support/numbers.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
/** Patients of one chunk. */
const chunkSize = 256;
let model: ClmbrModel;
beforeAll(async () => {
  const options = {
    vocabularySize: 61,
    vocabulary: true,
    layers: 1,
    hiddenSize: 16,
    heads: 2,
    kvHeads: 1,
    feedForward: 16,
  };
  model = await load((await convertedModel(folder, 'model', options)).path, { threads: 2 });
});

const patient = (i: number): Patient => ({ id: i, events: [bare(i % 18), unknown(`X/${i % 7}`), bare((i * 5) % 18)] });
const cohort = (count: number) => Array.from({ length: count }, (_, i) => patient(i));

/** An endless source that counts what was taken and notices its end. */
function source(count = Infinity) {
  const state = { taken: 0, returned: 0 };
  async function* patients(): AsyncGenerator<Patient> {
    try {
      while (state.taken < count) yield patient(state.taken++);
    } finally {
      state.returned++;
    }
  }
  return { state, patients: patients() };
}

const turns = async (count = 30): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve, 1));
};

describe('embedStream', () => {
  it('gives the rows of embed in order, in chunks', async () => {
    const count = 2 * chunkSize + 30;
    const expected = await model.embed(cohort(count));
    for (const patients of [cohort(count), source(count).patients, new Set(cohort(count))]) {
      const chunks = [];
      for await (const chunk of model.embedStream(patients)) chunks.push(chunk);
      expect(chunks.map((chunk) => chunk.rows.length)).toEqual([chunkSize, chunkSize, 30]);
      expect(chunks.flatMap((chunk) => chunk.rows)).toEqual(expected.rows);
      expect(chunks.flatMap(rowsOf).map(bits)).toEqual(rowsOf(expected).map(bits));
      expect(chunks.at(-1)!.coverage).toEqual(expected.coverage);
    }
  });

  it('counts coverage over all chunks so far', async () => {
    const seen = [];
    for await (const { coverage } of model.embedStream(cohort(600))) seen.push([coverage.patients, coverage.events]);
    expect(seen).toEqual([
      [256, 768],
      [512, 1536],
      [600, 1800],
    ]);
  });

  it('numbers patients without an id through all chunks', async () => {
    const ids = [];
    for await (const { rows } of model.embedStream(Array.from({ length: 300 }, () => [7])))
      ids.push(...rows.map((row) => row.patient));
    expect(ids).toEqual(Array.from({ length: 300 }, (_, i) => i));
  });

  it('passes options on, and label times of the patients', async () => {
    const at = ['2024-01-01', '2024-01-03'];
    const events = [bare(1, '2024-01-01'), bare(2, '2024-01-02')];
    for await (const chunk of model.embedStream([{ events, at }], { representation: 'logits', pooling: 'mean' })) {
      const expected = await model.embed([{ events, at }], { representation: 'logits', pooling: 'mean' });
      expect(bits(chunk.data)).toBe(bits(expected.data));
      expect(chunk.rows).toEqual(expected.rows);
    }
  });

  it('cuts chunks by events too', async () => {
    const long = Array.from({ length: 40_000 }, () => unknown());
    const sizes = [];
    for await (const { rows } of model.embedStream([long, long, long], { minCoverage: 0 })) sizes.push(rows.length);
    expect(sizes).toEqual([2, 1]);
  });

  it('of nothing is nothing', async () => {
    for await (const _ of model.embedStream([])) expect.fail('a chunk came');
  });

  it('reads no more than the next two chunks ahead of the consumer', async () => {
    const { state, patients } = source();
    const stream = model.embedStream(patients);
    await turns();
    expect(state.taken).toBe(0);
    for (let chunk = 1; chunk <= 3; chunk++) {
      await stream.next();
      await turns();
      expect(state.taken).toBeGreaterThanOrEqual(chunk * chunkSize);
      expect(state.taken).toBeLessThanOrEqual((chunk + 1) * chunkSize);
    }
    await stream.return();
    expect(state.returned).toBe(1);
  });

  it('left early releases the source and the model', async () => {
    const { state, patients } = source();
    for await (const chunk of model.embedStream(patients)) {
      expect(chunk.rows).toHaveLength(chunkSize);
      break;
    }
    expect(state.returned).toBe(1);
    const { taken } = state;
    await turns();
    expect(state.taken).toBe(taken);
    expect((await model.embed([[7]])).rows).toHaveLength(1);
  });

  it('left early takes the chunk ahead out of the queue', async () => {
    const own = await load(model.info.path, { threads: 1, maxBatchTokens: 8 });
    const tokens: number[] = [];
    const onProgress = (progress: { tokens: number }) => tokens.push(progress.tokens);
    const distinct = Array.from({ length: 2 * chunkSize }, (_, i) => [7 + (i % 54), 7 + Math.floor(i / 54)]);
    for await (const _ of own.embedStream(distinct, { onProgress })) break;
    const ofFirst = tokens.indexOf(2 * chunkSize);
    expect(ofFirst).toBeGreaterThan(100);
    // Each patient has two tokens; waiting for the second chunk would have reported all of them too.
    expect(tokens.slice(ofFirst + 1)).not.toContain(2 * chunkSize);
  });

  it('hands on what the source throws, after the chunks before it', async () => {
    const failure = new Error('the disk is gone');
    async function* failing(): AsyncGenerator<Patient> {
      yield* source(300).patients;
      throw failure;
    }
    let rows = 0;
    await expect(async () => {
      for await (const chunk of model.embedStream(failing())) {
        rows += chunk.rows.length;
        await turns(5);
      }
    }).rejects.toBe(failure);
    expect(rows).toBe(chunkSize);
  });

  it('names a wrong patient by its place in the whole stream, and releases the source', async () => {
    const { state, patients } = source();
    async function* oneWrong(): AsyncGenerator<Patient> {
      let i = 0;
      for await (const good of patients) yield i++ === 400 ? ([{ code: 1 }] as unknown as Patient) : good;
    }
    await expectClmbrError(
      async () => {
        for await (const _ of model.embedStream(oneWrong()));
      },
      'INVALID_INPUT',
      'patients[400].events[0].code',
    );
    expect(state.returned).toBe(1);
  });

  it('stops at a signal, between chunks and while the source is silent', async () => {
    const { state, patients } = source();
    const controller = new AbortController();
    const reason = new Error('enough');
    await expect(async () => {
      for await (const _ of model.embedStream(patients, { signal: controller.signal })) controller.abort(reason);
    }).rejects.toBe(reason);
    await turns();
    expect(state.returned).toBe(1);

    const silent = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<Patient>>(() => undefined) }),
    };
    const other = new AbortController();
    const waiting = model.embedStream(silent, { signal: other.signal }).next();
    setTimeout(() => other.abort(reason), 10);
    await expect(waiting).rejects.toBe(reason);
  });

  it.each(['break', 'throw', 'return()', 'throw()', 'dispose()'])(
    'ends by %s while the source is silent',
    async (way) => {
      const own = await load(model.info.path, { threads: 1 });
      async function* silent(count: number): AsyncGenerator<Patient> {
        yield* cohort(count);
        await new Promise(() => undefined);
      }
      const mine = new Error('mine');
      const start = performance.now();
      if (way === 'break' || way === 'throw') {
        const loop = async (): Promise<void> => {
          for await (const chunk of own.embedStream(silent(300))) {
            expect(chunk.rows).toHaveLength(chunkSize);
            if (way === 'throw') throw mine;
            break;
          }
        };
        const left = loop();
        if (way === 'throw') await expect(left).rejects.toBe(mine);
        else await left;
      } else {
        const stream = own.embedStream(silent(10));
        const next = stream.next();
        await turns(3);
        if (way === 'dispose()') {
          const refused = expectClmbrError(next, 'DISPOSED');
          await own.dispose();
          await refused;
        } else {
          const ended = way === 'return()' ? stream.return() : expect(stream.throw(mine)).rejects.toBe(mine);
          expect(await next).toEqual({ done: true, value: undefined });
          await ended;
        }
        expect(await stream.next()).toEqual({ done: true, value: undefined });
      }
      expect(performance.now() - start).toBeLessThan(4000);
      if (way !== 'dispose()') expect((await own.embed([[7]])).rows).toHaveLength(1);
    },
  );

  it('refuses low coverage at the chunk that shows it', async () => {
    await expectClmbrError(
      async () => {
        for await (const _ of model.embedStream(cohort(300), { minCoverage: 0.9 }));
      },
      'LOW_COVERAGE',
      'X/0',
    );
  });

  it('refuses what is no iterable', async () => {
    for (const patients of [null, undefined, 7, 'patients', { events: [] }])
      await expectClmbrError(
        () => model.embedStream(patients as unknown as Patient[]).next(),
        'INVALID_ARGUMENT',
        'patients',
      );
  });

  it('ends with DISPOSED when its model is disposed of', async () => {
    const own = await load(model.info.path);
    const stream = own.embedStream(source().patients);
    await stream.next();
    await own.dispose();
    await expectClmbrError(async () => {
      for await (const _ of stream);
    }, 'DISPOSED');
  });
});

describe('coverage counters', () => {
  it('count patients that come as ids', async () => {
    const { coverage } = await model.embed([[7], [bare(1)]]);
    expect(coverage).toMatchObject({ patients: 2, events: 1 });
    expect(new CoverageCounter().report().patients).toBe(0);
  });
});
