import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inOrder, mergeOutputs, onlyShard, parseShard, runEmbedding, shardOf } from '../../lib/index.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { fakePatients, fakeRun } from './fake-run.ts';

const folder = await temporaryFolder();

describe('the shard of a patient', () => {
  it('is what its definition says', () => {
    const id = fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }), fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(id, fc.integer({ min: 1, max: 1_000_000 }), (patient, count) => {
        const digest = createHash('sha256').update(String(patient), 'utf8').digest();
        expect(shardOf(patient, count)).toBe(Number(digest.readBigUInt64BE() % BigInt(count)));
      }),
    );
  });

  it('is the same for a number and its digits, and known values', () => {
    for (const id of [0, 7, -12, 2 ** 40]) expect(shardOf(id, 1000)).toBe(shardOf(String(id), 1000));
    expect([1, 2, 3, 'a', 9007199254740993n].map((id) => shardOf(id, 8))).toEqual([1, 6, 3, 2, 6]);
  });

  it('is one of about equal shares', () => {
    const shares = new Array<number>(8).fill(0);
    for (let id = 0; id < 8000; id++) shares[shardOf(id, 8)]!++;
    for (const share of shares) expect(Math.abs(share - 1000)).toBeLessThan(120);
  });

  it('is asked for as I/N', () => {
    expect(parseShard('0/8')).toEqual({ index: 0, count: 8 });
    expect(parseShard('7/8')).toEqual({ index: 7, count: 8 });
  });

  it.each(['8/8', '-1/8', '1', '1/0', '0/0', '1.5/3', 'a/b', '0/1000001', ''])('is not %s', async (text) => {
    await expectClmbrError(() => parseShard(text), 'INVALID_ARGUMENT', 'I/N');
  });
});

async function* patients(count: number) {
  for (let id = 0; id < count; id++) yield { id, ...(id % 3 === 0 ? { at: [1n, 2n].slice(id % 2) } : {}) };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe('all shards together', () => {
  it('have every patient once', async () => {
    const ids: number[] = [];
    for (let index = 0; index < 5; index++)
      ids.push(...(await all(onlyShard(patients(100), { index, count: 5 }))).map(({ id }) => id));
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('have every row at the place that it has without shards', async () => {
    const whole = await all(inOrder(patients(100)));
    expect(whole.flatMap(({ positions }) => positions)).toEqual(
      Array.from({ length: whole.reduce((sum, { positions }) => sum + positions.length, 0) }, (_, i) => i),
    );
    const parts = [];
    for (let index = 0; index < 5; index++) parts.push(...(await all(inOrder(patients(100), { index, count: 5 }))));
    expect(parts.sort((a, b) => a.patient.id - b.patient.id)).toEqual(whole);
  });

  it.each(['npz', 'npy', 'parquet', 'jsonl'])('merge to the %s file of one run', async (format) => {
    const own = join(folder, format);
    await mkdir(own);
    const run = fakeRun(join(own, `x.${format}`), 80);
    await runEmbedding({
      ...run,
      output: { ...run.output, metadata: { ...run.output!.metadata, report: 'x.report.json' } },
    });
    const paths: string[] = [];
    for (let index = 0; index < 3; index++) {
      const path = join(own, `part.${index}.${format}`);
      const part = fakeRun(path, 80);
      const ours = async function* () {
        for await (const placed of fakePatients(80)) if (shardOf(placed.patient.id, 3) === index) yield placed;
      };
      const metadata = { ...part.output!.metadata, shard: { index, count: 3 } };
      await runEmbedding({ ...part, patients: ours(), output: { ...part.output, metadata } });
      paths.push(path);
    }
    await mkdir(join(own, 'merged'));
    const merged = join(own, 'merged', `x.${format}`);
    await mergeOutputs(paths, merged);
    expect((await readFile(merged)).equals(await readFile(run.target))).toBe(true);
  });
});
