import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { LabelName } from '../../lib/output/index.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { runMetadata, sampleRows, shuffled, writeSamples } from './rows.ts';

// A Python with numpy, pandas, polars, pyarrow and duckdb; what it lacks is skipped.
const python = process.env.CLMBR_TEST_PYTHON ?? 'python3';
const script = fileURLToPath(new URL('readers.py', import.meta.url));
const folder = await temporaryFolder();

function has(...modules: string[]): boolean {
  return spawnSync(python, ['-c', modules.map((name) => `import ${name}`).join('\n')]).status === 0;
}

interface Read {
  columns: Record<string, unknown[]>;
  types: Record<string, string>;
  vectors: number[][];
  metadata?: object;
}

async function read(reader: string, path: string): Promise<Read> {
  const { stdout } = await promisify(execFile)(python, [script, reader, path], { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout) as Read;
}

const labels: LabelName[] = ['boolean_value', 'integer_value', 'float_value', 'categorical_value'];

/** Small enough for JSON to be exact. */
function samplesOf(label: LabelName, ids: 'number' | 'text', missing: boolean) {
  const samples = sampleRows(50, 6, { label, ids, missing });
  for (const [i, row] of samples.rows.entries()) {
    if (ids === 'number') row.patient = i - 5;
    if (label === 'integer_value' && row.label !== null) row.label = BigInt(i) - 7n;
  }
  const { rows, data } = samples;
  const vectors = rows.map((_, i) => Array.from(data.subarray(6 * i, 6 * i + 6)));
  const time = rows.map((row) => (row.time === null ? null : Number(row.time)));
  const values = rows.map((row) => (typeof row.label === 'bigint' ? Number(row.label) : row.label));
  return { samples, vectors, time, values, patients: rows.map(({ patient }) => patient) };
}

describe.runIf(has('numpy'))('numpy.load reads', () => {
  const types = { boolean_value: 'bool', integer_value: 'int64', float_value: 'float64', categorical_value: '<U5' };

  it.each(labels.flatMap((label) => [[label, 'npz'] as const, [label, 'npy'] as const]))(
    '%s in %s',
    async (label, end) => {
      const { samples, vectors, time, values, patients } = samplesOf(label, 'text', false);
      const path = join(folder, `${label}.${end}`);
      await writeSamples(path, samples, { label, metadata: runMetadata }, shuffled(50));
      const found = await read('numpy', path);
      expect(found.vectors).toEqual(vectors);
      expect(found.columns).toMatchObject({ patient: patients, time, [label]: values });
      expect(found.types).toEqual({
        ...{ patient: '<U13', time: 'datetime64[us]', tokens: 'int32', truncated: 'bool', dropped: 'int32' },
        [label]: types[label],
      });
      expect(found.metadata).toEqual(runMetadata);
    },
  );
});

const readers = {
  pyarrow: [['pyarrow'], { int: 'int64', text: 'string', time: 'timestamp[us]', list: /^list<.*float/ }],
  pandas: [['pandas', 'pyarrow'], { int: 'int64', text: /str|object/, time: 'datetime64[us]', list: 'object' }],
  polars: [
    ['polars', 'pyarrow'],
    { int: 'Int64', text: 'String', time: /^Datetime\(.*'us'.*None\)$/, list: 'List(Float32)' },
  ],
  duckdb: [['duckdb', 'pyarrow'], { int: 'BIGINT', text: 'VARCHAR', time: 'TIMESTAMP', list: 'FLOAT[]' }],
} as const;

describe.each(Object.entries(readers))('%s', (reader, [modules, types]) => {
  it.runIf(has(...modules)).each(labels)('reads a Parquet file with %s', async (label) => {
    const ids = label === 'float_value' ? 'text' : 'number';
    const { samples, vectors, time, values, patients } = samplesOf(label, ids, reader !== 'pandas');
    const path = join(folder, `${reader}.${label}.parquet`);
    await writeSamples(path, samples, { label, metadata: runMetadata }, shuffled(50));
    const found = await read(reader, path);
    expect(found.columns).toMatchObject({ subject_id: patients, prediction_time: time, [label]: values });
    expect(found.vectors).toEqual(vectors);
    expect(found.types.subject_id).toMatch(ids === 'text' ? types.text : types.int);
    expect(found.types.prediction_time).toMatch(types.time);
    expect(found.types.representation).toMatch(types.list);
    if (reader === 'pyarrow') expect(found.metadata).toEqual(runMetadata);
  });
});
