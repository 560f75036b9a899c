// Patients that nobody should have: each gives what an ordinary one with the same content gives, or an error that names the place.
import { describe, expect, it } from 'vitest';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Event, Patient } from '../../lib/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { modelLoader } from '../support/model.ts';

const load = modelLoader();
const model = await load(fileURLToPath(new URL('../../examples/demo/demo.gguf', import.meta.url)), { threads: 2 });
const { vocabularySize, contextLength } = model.info;
const known = { code: 'SNOMED/3950001' };
const pressure = { code: 'LOINC/8480-6', value: 120 };
const vector = async (patient: unknown) => (await model.embed([patient as Patient])).row(0);

/** Newer than the types that are compiled against. */
type Resizable = ArrayBuffer & { resize: (length: number) => void };
const resizableMemory = (length: number): Resizable =>
  Reflect.construct(ArrayBuffer, [length, { maxByteLength: 2 * length }]) as Resizable;

describe('sizes', () => {
  it('no event, and one', async () => {
    const { rows, coverage } = await model.embed([[], [known], { events: [] }, { ids: [] }]);
    expect(rows.map(({ tokens }) => tokens > 0)).toEqual([
      rows[0]!.tokens > 0,
      true,
      rows[0]!.tokens > 0,
      rows[0]!.tokens > 0,
    ]);
    expect(coverage.events).toBe(1);
  });

  it('a million events give what their last ones give', async () => {
    const events: Event[] = Array.from({ length: 1_000_000 }, (_, i) => (i % 3 === 0 ? pressure : known));
    const whole = await model.embed([events]);
    expect(whole.rows[0]).toMatchObject({ truncated: true });
    expect(whole.coverage.events).toBe(1_000_000);
    expect(whole.row(0)).toEqual(await vector(events.slice(-contextLength)));
  });

  it('results that do not fit the heap are refused before they end the process', async () => {
    const limit = getHeapStatistics().heap_size_limit;
    const patients = Array.from({ length: Math.ceil(limit / vocabularySize / 200) }, () => [7]);
    await expectClmbrError(model.evaluate(patients, { topK: vocabularySize }), 'OUT_OF_MEMORY', 'next events');
    const events = Array.from({ length: contextLength }, () => ({ ...known, start: 0n }));
    const at = Array.from({ length: Math.ceil(limit / contextLength / 200) }, (_, i) => BigInt(i));
    await expectClmbrError(model.embed([{ events, at }], { pooling: 'none' }), 'OUT_OF_MEMORY', 'rows');
  });

  it('10,000 calls at once give what one gives', async () => {
    const expected = [await vector([7, 8]), await vector([9])];
    const results = await Promise.all(
      Array.from({ length: 10_000 }, (_, i) => model.embed([i % 2 === 0 ? [7, 8] : [9]])),
    );
    const wrong = results.filter((result, i) => Buffer.compare(bytes(result.row(0)), bytes(expected[i % 2]!)) !== 0);
    expect(wrong).toEqual([]);
  });
});

const bytes = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

describe('codes', () => {
  it.each([
    ['1 MB', 'x'.repeat(2 ** 20)],
    ['1 MB behind a known vocabulary', `LOINC/${'8'.repeat(2 ** 20)}`],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate behind a known code', 'LOINC/8480-6\udfff'],
    ['__proto__', '__proto__'],
    ['constructor', 'constructor'],
    ['toString', 'toString'],
    ['nothing', ''],
    ['a zero', '\0'],
    ['turned round', '\u202eLOINC/8480-6'],
  ])('%s is an unknown one', async (_, code) => {
    const { coverage, rows } = await model.embed([[known, { code }]]);
    expect(coverage.dropped['unknown-code']).toBe(1);
    expect(coverage.topUnmapped[0]!.code.length).toBeLessThan(600);
    expect(rows[0]!.dropped).toBe(1);
    expect(await vector([known, { code }])).toEqual(await vector([known]));
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('100 of them in an error stay short and on one line', async () => {
    const events = Array.from({ length: 100 }, (_, i) => ({ code: `${'x\n'.repeat(50_000)}${i % 5}` }));
    const { message } = await expectClmbrError(model.embed([events]), 'LOW_COVERAGE');
    expect(message.length).toBeLessThan(5000);
  });
});

describe('token ids', () => {
  it.each([-1, 1.5, NaN, Infinity, vocabularySize, 2 ** 32, 7n, '7', null, undefined, {}, [7]])(
    '%s is refused by place',
    async (id) => {
      await expectClmbrError(model.embed([{ ids: [7, id] } as Patient]), 'INVALID_INPUT', 'patients[0].ids[1]');
    },
  );

  it('-0 is 0', async () => {
    expect(await vector([-0, 7])).toEqual(await vector([0, 7]));
  });

  it('a hole is refused', async () => {
    const ids = [7, 8, 9];
    delete ids[1];
    await expectClmbrError(model.embed([ids]), 'INVALID_INPUT', 'patients[0].ids[1]');
  });

  it('in shared or resizable memory are read once; memory that is gone is refused', async () => {
    const expected = await vector([7, 8, 9]);
    const shared = new Int32Array(new SharedArrayBuffer(12));
    shared.set([7, 8, 9]);
    expect(await vector(shared)).toEqual(expected);
    const resizable = new Int32Array(resizableMemory(12));
    resizable.set([7, 8, 9]);
    expect(await vector(resizable)).toEqual(expected);
    const gone = Int32Array.of(7, 8, 9);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    for (const patient of [gone, { ids: gone }])
      await expectClmbrError(model.embed([patient]), 'INVALID_INPUT', 'patients[0]', 'memory is gone');
    expect((await model.embed([new Int32Array(0)])).rows).toHaveLength(1);
  });

  it('that shrink or change while they are read are refused or taken as they were', async () => {
    const memory = resizableMemory(4 * 100_000);
    const ids = new Int32Array(memory).fill(7);
    const call = model.embed([ids]);
    memory.resize(8);
    const outcome = await call.then(
      ({ rows }) => rows.length,
      (error: { code: string }) => error.code,
    );
    expect([1, 'INVALID_INPUT']).toContain(outcome);
    const list = [7, 8, 9];
    const listed = model.embed([list]);
    list.push(-5);
    list[0] = -1;
    const given = await listed.then(
      (result) => result.row(0),
      (error: { code: string }) => error.code,
    );
    if (typeof given !== 'string') expect(given).toEqual(await vector([7, 8, 9]));
    else expect(given).toBe('INVALID_INPUT');
  });
});

describe('objects that do something when they are read', () => {
  const trap = (names: string[], message = 'qz secret'): object =>
    Object.defineProperties(
      {},
      Object.fromEntries(
        names.map((name) => [
          name,
          {
            enumerable: true,
            get: () => {
              throw new TypeError(message);
            },
          },
        ]),
      ),
    );

  it.each([
    ['events', trap(['events'])],
    ['ids', trap(['ids'])],
    ['id', { ...{ events: [known] }, ...{}, __proto__: trap(['id']) }],
    ['an event', [trap(['code'])]],
    ['a value', [Object.assign(trap(['value']), { code: 'LOINC/8480-6' })]],
    [
      'the list',
      {
        events: new Proxy([known], {
          get: (list, name) => (name === '0' ? trap(['x'])['x' as never] : (Reflect.get(list, name) as unknown)),
        }),
      },
    ],
  ])('%s that throws is refused by place, without its message', async (_, patient) => {
    const { message } = await expectClmbrError(model.embed([patient as Patient]), 'INVALID_INPUT', 'patients[0]');
    expect(message).not.toContain('qz');
  });

  it('a start that throws is refused where it is needed', async () => {
    const patient = { events: [Object.assign(trap(['start']), known)], at: ['2020-01-01'] };
    await expectClmbrError(model.embed([patient as Patient]), 'INVALID_INPUT', 'patients[0].events[0].start');
  });

  it('code and value are read once, so what is checked is what is used', async () => {
    let [codes, values] = [0, 0];
    const event = {
      get code() {
        return codes++ === 0 ? 'LOINC/8480-6' : (Symbol('x') as unknown as string);
      },
      get value() {
        return values++ === 0 ? 120 : ({} as unknown as number);
      },
    };
    expect(await vector([event])).toEqual(await vector([pressure]));
    expect([codes, values]).toEqual([1, 1]);
  });

  it('events that remove those behind them are read to the end that is left, or refused', async () => {
    const events: Event[] = [known, known, pressure];
    Object.defineProperty(events, 0, {
      get: () => {
        events.length = 1;
        return known;
      },
    });
    await expectClmbrError(model.embed([{ events }]), 'INVALID_INPUT', 'patients[0].events[1]');
  });

  it('patients that are pushed while a call runs do not belong to it', async () => {
    const patients: Patient[] = [[known], [pressure]];
    const call = model.embed(patients);
    patients.push([known]);
    patients[0] = [];
    const { rows } = await call;
    expect(rows.map(({ tokens }) => tokens)).toEqual([1, 1]);
  });

  it('options that change while a call runs stay as they were', async () => {
    const options = { pooling: 'mean' as 'mean' | 'last' };
    const call = model.embed([[7, 8, 9]], options);
    options.pooling = 'last';
    expect((await call).row(0)).toEqual((await model.embed([[7, 8, 9]], { pooling: 'mean' })).row(0));
  });
});

describe('objects of another realm, and what passes for one of ours', () => {
  const before = { ...known, start: '2020-01-01' };

  it('dates and token ids of another realm are taken', async () => {
    const there = runInNewContext('new Date(Date.UTC(2020, 0, 1))') as Date;
    const here = new Date(Date.UTC(2020, 0, 1));
    for (const start of [there, here]) {
      const { rows } = await model.embed([{ events: [{ ...known, start }], at: [there] }]);
      expect(rows[0]).toMatchObject({ time: 1577836800000000n, tokens: 1 });
    }
    const ids = runInNewContext('Int32Array.of(7, 8)') as Int32Array;
    const expected = await vector([7, 8]);
    expect(await vector(ids)).toEqual(expected);
    expect(await vector({ ids })).toEqual(expected);
    const { patients } = await model.evaluate([[7]], { targets: [ids] });
    expect(patients[0]!.targets![0]!.tokenCount).toBe(2);
    expect(model.tokenizer!.decode(ids)).toHaveLength(2);
  });

  it.each([
    ['answers with a text', Object.assign(new Date(0), { getTime: () => 'qz secret' })],
    ['answers with a fraction', Object.assign(new Date(0), { getTime: () => 1.5 })],
  ])('a date that %s is asked for its own time', async (_, date) => {
    const { rows } = await model.embed([{ events: [{ ...known, start: date }], at: [date] }]);
    expect(rows[0]).toMatchObject({ time: 0n, tokens: 1 });
  });

  it.each([
    ['a proxy of a date', new Proxy(new Date(0), {})],
    ['an object with the prototype of dates', Object.create(Date.prototype) as Date],
  ])('%s is refused by place', async (_, date) => {
    const start = { events: [{ ...known, start: date }], at: [0n] };
    await expectClmbrError(model.embed([start]), 'INVALID_INPUT', 'patients[0].events[0].start');
    await expectClmbrError(model.embed([{ events: [before], at: [date] }]), 'INVALID_INPUT', 'patients[0].at[0]');
  });

  it.each([Uint32Array, Float32Array, BigInt64Array])('%o is no patient', async (type) => {
    await expectClmbrError(model.embed([new type(2) as unknown as Patient]), 'INVALID_INPUT', 'or an Int32Array');
  });

  it.each([1e18, -1, 0.5, 'qz', {}, 4e9])('a list of the length %s is refused by place', async (length) => {
    const lying = (list: object) =>
      new Proxy(list, { get: (target, name) => (name === 'length' ? length : (Reflect.get(target, name) as unknown)) });
    for (const at of [undefined, ['2020-01-01']]) {
      const events = { events: lying([before]), ...(at && { at }) } as unknown as Patient;
      await expectClmbrError(model.embed([events]), 'INVALID_INPUT', 'patients[0].events');
    }
    await expectClmbrError(model.embed([{ ids: lying([7]) } as Patient]), 'INVALID_INPUT', 'patients[0].ids');
    const ids = Object.defineProperty(Int32Array.of(7), 'length', { value: length });
    await expectClmbrError(model.embed([ids]), 'INVALID_INPUT', 'patients[0].ids');
  });
});
