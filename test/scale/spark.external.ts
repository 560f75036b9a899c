import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { beforeAll, describe, expect, it } from 'vitest';
import { timeText } from '../../lib/output/text.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { demoCohort, demoModel, jsonLines, writeMeds } from './cohort.ts';
import type { Subject } from './cohort.ts';
import { bytesOf, byPatientAndTime, plainRows } from './rows.ts';
import type { Row } from './rows.ts';

/** A Python with PySpark, pandas and pyarrow; Java is on the path, or JAVA_HOME names it. */
const python = process.env['CLMBR_SPARK_PYTHON'];
const script = fileURLToPath(new URL('../../examples/scale/spark_embed.py', import.meta.url));
const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const folder = await temporaryFolder();

// Two executors, each a process of its own with a core.
const cluster =
  '--master local-cluster[2,1,2048] --conf spark.task.maxFailures=1 --conf spark.ui.enabled=false --conf spark.ui.showConsoleProgress=false';

function spark(...args: string[]): Promise<{ code: number | null; stderr: string }> {
  const env = {
    ...process.env,
    PYSPARK_PYTHON: python,
    PYSPARK_SUBMIT_ARGS: `${cluster} --conf spark.local.dir=${folder} pyspark-shell`,
    SPARK_LOCAL_IP: '127.0.0.1',
    SPARK_WORKER_DIR: join(folder, 'work'),
    PYTHONDONTWRITEBYTECODE: '1',
  };
  const child = spawn(python!, [script, '--clmbr', `${process.execPath} ${main}`, '--partitions', '3', ...args], {
    env,
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => child.on('error', reject).on('close', (code) => resolve({ code, stderr })));
}

async function readFolder(path: string): Promise<Record<string, unknown>[]> {
  const names = (await readdir(path)).filter((name) => name.endsWith('.parquet'));
  const read = async (name: string) => {
    const bytes = await readFile(join(path, name));
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
    // Times as microseconds.
    const parsers = { timestampFromMicroseconds: (time: bigint) => time } as object;
    return parquetReadObjects({ file, parsers: parsers as never });
  };
  return (await Promise.all(names.map(read))).flat();
}

function toRow(row: Record<string, unknown>): Row {
  const {
    subject_id: patient,
    prediction_time: time,
    tokens,
    truncated,
    dropped,
    representation,
  } = row as {
    subject_id: bigint;
    prediction_time?: bigint | null;
    representation: number[];
  } & Pick<Row, 'tokens' | 'truncated' | 'dropped'>;
  const when = typeof time === 'bigint' ? timeText(time) : null;
  return { patient: String(patient), time: when, tokens, truncated, dropped, vector: bytesOf(representation) };
}

describe.skipIf(python === undefined)('Spark with two workers', { timeout: 300_000 }, () => {
  let cohort: Subject[];
  let data: string;
  let labels: string;
  beforeAll(async () => {
    cohort = await demoCohort(60);
    ({ data, labels } = await writeMeds(cohort, folder));
  });

  it('gives the rows of clmbr embed bit by bit, one for each patient', async () => {
    const out = join(folder, 'patients');
    const { code, stderr } = await spark(demoModel, data, out, '--codes-with-slash');
    expect(code, stderr).toBe(0);
    const rows = (await readFolder(out)).map(toRow).sort(byPatientAndTime);
    expect(rows).toEqual(await plainRows(jsonLines(cohort, { withLabels: false })));
  });

  it.each(['mapInPandas', 'pipe'])('gives a row for each label, with its columns, by %s', async (way) => {
    const out = join(folder, way);
    const options = way === 'pipe' ? ['--pipe'] : [];
    const { code, stderr } = await spark(demoModel, data, out, '--labels', labels, '--codes-with-slash', ...options);
    expect(code, stderr).toBe(0);
    const found = await readFolder(out);
    expect(found.map(toRow).sort(byPatientAndTime)).toEqual(await plainRows(jsonLines(cohort, { withLabels: true })));
    for (const { subject_id, boolean_value } of found)
      expect(boolean_value).toBe(cohort.findIndex(({ id }) => id === subject_id) % 3 === 0);
  });

  it('fails with the message of the process', async () => {
    const { code, stderr } = await spark(demoModel, data, join(folder, 'failed'), '--', '--map', 'no-such.csv');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/EmbedError: clmbr: .*\(exit code 1\)/);
  });

  it('refuses tables without subjects, such as those of metadata/', async () => {
    const columnData = [{ name: 'code', data: ['LOINC//1', 'LOINC//2'] }];
    await writeFile(join(folder, 'codes.parquet'), new Uint8Array(parquetWriteBuffer({ columnData })));
    const { code, stderr } = await spark(demoModel, join(folder, 'codes.parquet'), join(folder, 'refused'));
    expect(code).not.toBe(0);
    expect(stderr).toContain('expected a subject_id in every row, found none');
  });
});
