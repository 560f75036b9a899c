import { beforeAll, describe, expect, it } from 'vitest';
import { ClmbrTokenizer, loadModel } from '../../lib/index.ts';
import type { ClmbrModel, EmbedOptions, LoadOptions, Patient, Progress } from '../../lib/index.ts';
import { bare, unknown } from '../support/events.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
let path: string;
let model: ClmbrModel;
let withoutVocabulary: string;
beforeAll(async () => {
  ({ path } = await convertedModel(folder, 'model', { vocabularySize: 61, vocabulary: true, contextLength: 32 }));
  ({ path: withoutVocabulary } = await convertedModel(folder, 'plain', { vocabularySize: 61, contextLength: 32 }));
  model = await load(path, { threads: 2 });
});

const many = (count: number, make: (i: number) => ReturnType<typeof bare>) =>
  Array.from({ length: count }, (_, i) => make(i));

describe('coverage', () => {
  const poor = (known: number, of: number): Patient => ({
    id: 'patient-4711',
    events: many(of, (i) => (i < known ? bare(1) : { code: i % 3 === 0 ? 'RARE/1' : 'OFTEN/2', value: 8.125 })),
  });

  it('below the threshold is refused with the codes that matter, and no values', async () => {
    const error = await expectClmbrError(
      model.embed([poor(4, 100)]),
      'LOW_COVERAGE',
      '4 of 100',
      'minCoverage',
      'OFTEN/2 (64), RARE/1 (32)',
    );
    expect(error.message).not.toMatch(/4711|8\.125/);
    expect(error.details['coverage']).toMatchObject({ events: 100, mapped: 4 });
    await expectClmbrError(model.evaluate([poor(4, 100)]), 'LOW_COVERAGE');
  });

  it('is asked for from 100 events on, over all patients of a call', async () => {
    expect((await model.embed([poor(0, 99)])).coverage.share).toBe(0);
    await expectClmbrError(model.embed([poor(0, 60), poor(0, 40)]), 'LOW_COVERAGE');
    expect((await model.embed([poor(5, 100)])).coverage.share).toBe(0.05);
  });

  it('has the threshold that the caller sets', async () => {
    expect((await model.embed([poor(0, 200)], { minCoverage: 0 })).coverage.mapped).toBe(0);
    await expectClmbrError(model.embed([poor(89, 100)], { minCoverage: 0.9 }), 'LOW_COVERAGE', '90.00 %', '89.00 %');
    expect((await model.embed([poor(100, 100)], { minCoverage: 1 })).coverage.share).toBe(1);
  });

  it('counts by reason', async () => {
    const events = [bare(1), unknown(), { code: 'TEST/1', value: 99 }, { code: 'TEST/1', value: 'other' }];
    const { coverage } = await model.embed([events, [unknown(), unknown('B/2')]]);
    expect(coverage).toEqual({
      events: 6,
      mapped: 1,
      share: 1 / 6,
      dropped: { 'unknown-code': 3, 'value-outside-ranges': 1, 'no-matching-category': 1, 'no-plain-entry': 0 },
      topUnmapped: [
        { code: 'NOWHERE/1', count: 2 },
        { code: 'B/2', count: 1 },
      ],
      patients: 2,
      emptyRows: 1,
    });
  });
});

describe('progress', () => {
  it('rises to the total', async () => {
    const small = await load(path, { threads: 1, maxBatchTokens: 32 });
    const seen: Progress[] = [];
    await small.embed(
      Array.from({ length: 20 }, (_, i) => [7 + i, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
      {
        onProgress: (progress) => seen.push(progress),
      },
    );
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.map((progress) => progress.tokens)).toEqual(seen.map((p) => p.tokens).toSorted((a, b) => a - b));
    expect(seen.at(-1)).toEqual({ tokens: 200, totalTokens: 200, patients: 20, rows: 20 });
  });

  it('that throws ends its call with that error, and no other', async () => {
    const failure = new Error('from the caller');
    const failing = model.embed([[7, 8]], {
      onProgress: () => {
        throw failure;
      },
    });
    const [one, other] = await Promise.allSettled([failing, model.embed([[7, 8]])]);
    expect(one).toEqual({ status: 'rejected', reason: failure });
    expect(other.status).toBe('fulfilled');
  });
});

describe('options', () => {
  const wrong: [Record<string, unknown>, string][] = [
    [{ pooling: 'median' }, 'pooling'],
    [{ pooling: null }, 'pooling'],
    [{ representation: 'probabilities' }, 'representation'],
    [{ recipe: 'mine' }, 'recipe'],
    [{ specialTokens: 1 }, 'specialTokens'],
    [{ specialTokens: null }, 'specialTokens'],
    [{ overflow: 'cut' }, 'overflow'],
    [{ minCoverage: 5 }, 'minCoverage'],
    [{ minCoverage: NaN }, 'minCoverage'],
    [{ at: '2024-01-01' }, 'at'],
    [{ at: ['2024-01-01'] }, 'at'],
    [{ signal: {} }, 'signal'],
    [{ onProgress: true }, 'onProgress'],
    [{ poolng: 'last' }, "'poolng'"],
    [{ topK: 3 }, "'topK'"],
  ];
  it.each(wrong)('of embed: %o is refused', async (options, name) => {
    await expectClmbrError(model.embed([[7]], options as EmbedOptions), 'INVALID_ARGUMENT', name);
    await expectClmbrError(
      async () => {
        for await (const _ of model.embedStream([[7]], options as EmbedOptions)) expect.fail('a chunk came');
      },
      'INVALID_ARGUMENT',
      name,
    );
  });

  it('of evaluate', async () => {
    for (const topK of [0, 62, 1.5, '3'])
      await expectClmbrError(model.evaluate([[7]], { topK: topK as number }), 'INVALID_ARGUMENT', 'topK');
    await expectClmbrError(model.evaluate([[7]], { overflow: 'mean' }), 'INVALID_ARGUMENT', 'overflow');
    await expectClmbrError(model.evaluate([[7]], { pooling: 'last' } as object), 'INVALID_ARGUMENT', "'pooling'");
  });

  it('are an object', async () => {
    for (const options of [null, [], 'last', 3])
      await expectClmbrError(model.embed([[7]], options as EmbedOptions), 'INVALID_ARGUMENT', 'options');
  });

  it('of a stream have no label times: they belong to the patients', async () => {
    const options = { at: [['2024-01-01']] } as object;
    await expectClmbrError(() => model.embedStream([[bare(1)]], options).next(), 'INVALID_ARGUMENT', 'at');
  });

  const wrongLoad: [Record<string, unknown>, string][] = [
    [{ device: 'tpu' }, 'device'],
    [{ threads: 0 }, 'threads'],
    [{ threads: 257 }, 'threads'],
    [{ maxBatchTokens: 0.5 }, 'maxBatchTokens'],
    [{ tokenizer: 7 }, 'tokenizer'],
    [{ sha256: 'abc' }, 'sha256'],
    [{ signal: 1 }, 'signal'],
    [{ onProgress: 1 }, 'onProgress'],
    [{ thread: 1 }, "'thread'"],
  ];
  it.each(wrongLoad)('of loadModel: %o is refused', async (options, name) => {
    await expectClmbrError(loadModel(path, options as LoadOptions), 'INVALID_ARGUMENT', name);
  });
});

describe('patients', () => {
  const secret = 'secret-98765';
  const wrong: [unknown, string][] = [
    [null, 'patients[1]'],
    [undefined, 'patients[1]'],
    [secret, 'patients[1]'],
    [98765, 'patients[1]'],
    [{}, 'patients[1]'],
    [{ events: secret }, 'patients[1]'],
    [{ ids: secret }, 'patients[1]'],
    [{ id: {}, events: [] }, 'patients[1].id'],
    [[98765], 'patients[1].ids[0]'],
    [[7, -1], 'patients[1].ids[1]'],
    [[7, 1.5], 'patients[1].ids[1]'],
    [[7, '8'], 'patients[1].ids[1]'],
    [{ ids: [7, 61] }, 'patients[1].ids[1]'],
    [Int32Array.of(7, 61), 'patients[1].ids[1]'],
    [[bare(1), null], 'patients[1].events[1]'],
    [[bare(1), 7], 'patients[1].events[1]'],
    [[bare(1), { value: secret }], 'patients[1].events[1].code'],
    [[{ code: 98765 }], 'patients[1].events[0].code'],
    [[{ code: 'TEST/1', value: { secret } }], 'patients[1].events[0].value'],
  ];
  it.each(wrong)('%o is refused by place, never by value', async (patient, where) => {
    const error = await expectClmbrError(model.embed([[7], patient as Patient]), 'INVALID_INPUT', where);
    expect(error.message).not.toContain('98765');
  });

  it('come as an array', async () => {
    for (const patients of [null, undefined, new Set([[7]]), { events: [] }, 'x'])
      await expectClmbrError(model.embed(patients as unknown as Patient[]), 'INVALID_ARGUMENT', 'patients');
  });

  it('with events need a vocabulary', async () => {
    const plain = await load(withoutVocabulary);
    expect(plain.tokenizer).toBeNull();
    await expectClmbrError(plain.embed([[7], [bare(1)]]), 'NO_VOCABULARY', 'patients[1]', 'tokenizer');
    expect((await plain.embed([[7]])).rows).toHaveLength(1);
    // Nothing is nothing, whatever it was meant to hold.
    expect((await plain.embed([[], { events: [] }, [7]])).rows.map(({ tokens }) => tokens)).toEqual([0, 0, 1]);
    const expected = await model.embed([[bare(1), bare(2)]]);
    for (const tokenizer of [path, await ClmbrTokenizer.load(path)]) {
      const given = await load(withoutVocabulary, { tokenizer });
      expect((await given.embed([[bare(1), bare(2)]])).rows).toEqual(expected.rows);
    }
  });

  it('whose getters throw are refused by place', async () => {
    const event = {
      get code(): string {
        throw new Error(secret);
      },
    };
    const error = await expectClmbrError(model.embed([[event]]), 'INVALID_INPUT', 'patients[0].events[0]');
    expect(error.message).not.toContain(secret);
  });
});
