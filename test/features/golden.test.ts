import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertCheckpoint } from '../../lib/convert/convert.ts';
import { openMeds } from '../../lib/data/index.ts';
import { extractFeatures, openMapper } from '../../lib/features/index.ts';
import { readLabels, withLabels } from '../../lib/labels/index.ts';
import type { LabelTable } from '../../lib/labels/index.ts';
import type { ClmbrModel } from '../../lib/model/index.ts';
import { ClmbrTokenizer } from '../../lib/tokenizer/index.ts';
import { readNpz } from '../output/npz-reader.ts';
import { golden, hasGolden } from '../support/golden.ts';
import { modelLoader } from '../support/model.ts';
import { expectSameNumbers } from '../support/numbers.ts';
import { hasSharedData, sharedData } from '../support/shared-data.ts';
import { temporaryFolder } from '../support/temporary.ts';

const cohort = join(golden, 'cohort');
const context = 512;
const padId = 4;
const folder = join(sharedData, 'mimic_iv_demo_meds', 'original');

/** Tensors of a safetensors file by name, as rows. */
function readTensors(path: string): Map<string, (Int32Array | Float32Array)[]> {
  const file = readFileSync(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, start)) as Record<
    string,
    { dtype: string; shape: [number, number]; data_offsets: [number, number] }
  >;
  return new Map(
    Object.entries(header).map(([name, { dtype, shape, data_offsets: offsets }]) => {
      const { buffer } = Uint8Array.from(file.subarray(start + offsets[0], start + offsets[1]));
      const all = dtype === 'I32' ? new Int32Array(buffer) : new Float32Array(buffer);
      const rows = Array.from({ length: shape[0] }, (_, i) => all.subarray(i * shape[1], (i + 1) * shape[1]));
      return [name, rows];
    }),
  );
}

/** The patients of the reference's shard with their codes as the reference maps them. */
async function* readCohort(tokenizer: ClmbrTokenizer, labels: LabelTable, zeroAsMissing: boolean) {
  const data = await openMeds(folder, { split: 'tuning', zeroAsMissing });
  const mapper = await openMapper(tokenizer, data, { exactCase: true });
  for await (const { patient, labelRows } of withLabels(data.patients(), labels).patients)
    yield { labelRows, at: patient.at, ...mapper.mapPatient(patient) };
  await data.close();
}

describe.runIf(hasGolden && hasSharedData)('the published evaluation over MEDS', async () => {
  const work = await temporaryFolder();
  const load = modelLoader();
  let model: ClmbrModel;
  let tokenizer: ClmbrTokenizer;
  let labels: LabelTable;
  let expected: ReturnType<typeof readTensors>;

  beforeAll(async () => {
    expected = readTensors(join(cohort, 'expected.safetensors'));
    tokenizer = await ClmbrTokenizer.load(join(cohort, 'model', 'tokenizer_config.json'));
    labels = await readLabels(join(cohort, 'labels.parquet'));
    const target = join(work, 'cohort.gguf');
    await convertCheckpoint({ source: join(cohort, 'model'), target });
    model = await load(target, { threads: 2 });
  });

  it('has parents of codes', async () => {
    const data = await openMeds(folder);
    expect(data.candidates!('LAB//50931//mg/dL')).toEqual([{ code: 'LOINC/2345-7', rule: 'parent' }]);
    await data.close();
  });

  describe.each([
    ['zero_kept', false],
    ['zero_missing', true],
  ] as const)('%s', (mode, zeroAsMissing) => {
    it('timelines are identical for every label', async () => {
      const patients = readCohort(tokenizer, labels, zeroAsMissing);
      const rows = expected.get(`timelines.${mode}`)!;
      expect(rows).toHaveLength(109);
      let compared = 0;
      for await (const { events, at, labelRows } of patients) {
        for (const [i, time] of at.entries()) {
          const seen = events.filter(({ start }) => start === null || (start as bigint) <= time);
          const { ids } = tokenizer.encode(seen);
          const kept = ids.slice(-context);
          const padded = new Int32Array(context).fill(padId);
          padded.set(kept, context - kept.length);
          expect(padded).toEqual(rows[labelRows[i]!]);
          compared++;
        }
      }
      expect(compared).toBe(109);
    });

    it.each(['last', 'mean'] as const)('%s vectors are within tolerance', async (pooling) => {
      const out = join(work, `${pooling}-${mode}.npz`);
      const options = { labels: join(cohort, 'labels.parquet'), zeroAsMissing, exactCase: true, pooling };
      const { rows: count } = await extractFeatures(model, folder, { ...options, out });
      expect(count).toBe(109);
      const { data, shape } = (await readNpz(out)).get('representations')!;
      const all = new Float32Array(Uint8Array.from(data).buffer);
      const rows = Array.from({ length: count }, (_, i) => all.subarray(i * shape[1]!, (i + 1) * shape[1]!));
      // The reference's row of a timeline without tokens is a state of padding, ours is zeros.
      const present = expected.get(`timelines.${mode}`)!.map((ids) => ids.some((id) => id !== padId));
      expect(present.filter(Boolean).length).toBeGreaterThan(100);
      const isPresent = (_: unknown, row: number): boolean => present[row]!;
      expectSameNumbers(rows.filter(isPresent), expected.get(`${pooling}.${mode}`)!.filter(isPresent));
    });
  });
});
