// clmbr embed over data sets and labels, as a user calls it.
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary.ts';
import { clmbr } from './command.ts';

const folder = await temporaryFolder();
const demo = (name: string) => fileURLToPath(new URL(`../../examples/demo/${name}`, import.meta.url));
const path = (name: string) => join(folder, name);

// A table of the OMOP CDM and FHIR need more than fits here; their readers have tests of their own.
const lines = (await readFile(demo('patients.jsonl'), 'utf8')).trim().split('\n').slice(0, 40);
const data = path('patients.jsonl');
await writeFile(data, `${lines.join('\n')}\n`);
const ids = lines.map((line) => (JSON.parse(line) as { id: string }).id);
const labels = path('labels.csv');
const rows = ids.toReversed().flatMap((id, i) => [`${id},2012-06-0${1 + (i % 9)},1`, `${id},2016-01-01,0`]);
await writeFile(labels, `patient_id,time,boolean_value\n${rows.join('\n')}\n`);

const embed = (out: string, ...flags: string[]) =>
  clmbr(['embed', demo('demo.gguf'), data, '--labels', labels, '--out', path(out), ...flags]);

describe('clmbr embed --labels', () => {
  it('writes a row for each label in the order of the file, and a report', async () => {
    const { code, stderr } = await embed('rows.jsonl');
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('80 rows of 128 numbers') as string,
    });
    const found = (await readFile(path('rows.jsonl'), 'utf8')).trim().split('\n');
    const keys = found.map((line) => JSON.parse(line) as { patient: string; time: string; boolean_value: boolean });
    expect(
      keys.map(({ patient, time, boolean_value: value }) => `${patient},${time.slice(0, 10)},${Number(value)}`),
    ).toEqual(rows);
    const report = JSON.parse(await readFile(path('rows.report.json'), 'utf8')) as { rows: { total: number } };
    expect(report.rows.total).toBe(80);
  });

  it('makes shards that merge into the same file', async () => {
    expect((await embed('whole.parquet', '--quiet')).code).toBe(0);
    for (const i of [0, 1])
      expect(await embed(`part-${i}.parquet`, '--quiet', '--shard', `${i}/2`)).toMatchObject({ code: 0, stderr: '' });
    const { code } = await clmbr([
      'merge',
      path('part-1.parquet'),
      path('part-0.parquet'),
      '--out',
      path('merged.parquet'),
    ]);
    expect(code).toBe(0);
    expect((await readFile(path('merged.parquet'))).equals(await readFile(path('whole.parquet')))).toBe(true);
  });

  it('goes on with a run that was stopped, and asks before it begins again', async () => {
    await writeFile(
      path('more.jsonl'),
      Array.from({ length: 20 }, (_, k) =>
        lines.map((line) => line.replace('"id":"demo', `"id":"copy-${k}`)).join('\n'),
      ).join('\n'),
    );
    const args = [
      'embed',
      demo('demo.gguf'),
      path('more.jsonl'),
      '--out',
      path('long.npz'),
      '--quiet',
      '--threads',
      '1',
    ];
    const run = path('.long.npz.run');
    const stopped = await clmbr(args, {
      interrupt: { signal: 'SIGINT', when: () => existsSync(join(run, '00000000.chunk')) },
    });
    expect(stopped.code).toBe(130);
    expect(existsSync(run)).toBe(true);
    expect(await clmbr(args)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/--resume.*RUN_EXISTS/) as string,
    });
    const other = await clmbr([...args, '--resume', '--pooling', 'mean']);
    expect(other).toMatchObject({ code: 1, stderr: expect.stringMatching(/settings was .*RUN_MISMATCH/) as string });
    expect(await clmbr([...args, '--resume'])).toMatchObject({ code: 0, stderr: '' });
    const resumed = await readFile(path('long.npz'));
    await rm(path('long.npz'));
    expect((await clmbr(args)).code).toBe(0);
    expect((await readFile(path('long.npz'))).equals(resumed)).toBe(true);
  });

  it('computes in int8 where asked', async () => {
    await embed('f32.jsonl', '--quiet');
    const { code } = await embed('int8.jsonl', '--quiet', '--compute', 'int8');
    expect(code).toBe(0);
    const vectors = async (name: string) =>
      (await readFile(path(name), 'utf8'))
        .trim()
        .split('\n')
        .flatMap((line) => (JSON.parse(line) as { representation: number[] }).representation);
    const [a, b] = [await vectors('f32.jsonl'), await vectors('int8.jsonl')];
    expect(a).not.toEqual(b);
    const dot = (x: number[], y: number[]) => x.reduce((sum, value, i) => sum + value * y[i]!, 0);
    expect(dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))).toBeGreaterThan(0.9995);
  });

  it.each([
    [['--labels', 'x.csv', '--at', 'last'], /cannot be used with/],
    [['--resume', '--restart'], /cannot be used with/],
    [['--shard', '2/2'], /shard: expected I\/N/],
    [['--input', 'csv'], /jsonl, meds, omop, fhir/],
  ] as const)('refuses %j', async (flags, message) => {
    const { code, stderr } = await clmbr(['embed', demo('demo.gguf'), data, '--out', path('x.npz'), ...flags]);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringMatching(message) as string });
  });
});
