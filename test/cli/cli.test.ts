import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../lib/index.ts';
import type { ClmbrModel, PatientRecord } from '../../lib/index.ts';
import { readNpz, valuesOf } from '../output/npz-reader.ts';
import { writeCheckpoint } from '../support/checkpoint.ts';
import { seededRandom } from '../support/random.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { clmbr } from './command.ts';

const folder = await temporaryFolder();
const checkpoint = join(folder, 'checkpoint');
const gguf = join(folder, 'model.gguf');
const data = join(folder, 'patients.jsonl');
const vocabularySize = 100;

/** Codes of the generated vocabulary, each bare, as a range and as a category; some unknown. */
function randomPatient(random: () => number, id: PatientRecord['id'], length: number): PatientRecord {
  const events = Array.from({ length }, (_, i) => {
    const number = Math.floor(random() * 34);
    const start = new Date(Date.UTC(2020, 0, 1 + i)).toISOString();
    const value = [undefined, 3 * number + 1.25, `value ${3 * number + 2}`, null][Math.floor(random() * 4)];
    return {
      code: random() < 0.1 ? `LOCAL/${number}` : `TEST/${number}`,
      start,
      ...(value === undefined ? {} : { value }),
    };
  });
  return { ...(id === undefined ? {} : { id }), events };
}

const random = seededRandom(7);
const patients: PatientRecord[] = [
  ...[1, 20, 127, 128, 129, 300].map((length, i) => randomPatient(random, 100 + i, length)),
  { ...randomPatient(random, 106, 30), at: ['2020-01-05', '2020-01-20T00:00:00Z', '2019-01-01'] },
  { id: 107, events: [{ code: 'LOCAL/1' }] },
  ...Array.from({ length: 300 }, (_, i) => randomPatient(random, 200 + i, 1 + Math.floor(random() * 40))),
];
const lines = patients.map((patient) => `${JSON.stringify(patient)}\n`).join('');

let model: ClmbrModel;

beforeAll(async () => {
  await writeCheckpoint(checkpoint, { vocabularySize, vocabulary: true });
  await writeFile(data, lines);
  const { code, stdout, stderr } = await clmbr(['convert', checkpoint, gguf]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(
    /^.*model\.gguf\n[\d,]+ bytes, F32, \d+ tensors, [\d,]+ parameters, 100 tokens\nsha256 [0-9a-f]{64}\n$/,
  );
  model = await loadModel(gguf);
  return () => model.dispose();
});

describe('clmbr', () => {
  it('prints its version and help', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    expect(await clmbr(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
    const { code, stdout } = await clmbr(['--help']);
    expect(code).toBe(0);
    for (const name of ['convert', 'inspect', 'embed', 'next', 'tokenize', 'demo'])
      expect(stdout).toContain(`  ${name} `);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect((await clmbr(['embed', '--help'])).stdout).toContain('--min-coverage <share>');
  });

  it.each([
    [[]],
    [['nonsense']],
    [['embed']],
    [['embed', gguf]],
    [['embed', gguf, data]],
    [['embed', gguf, data, '--out', 'x.csv']],
    [['embed', gguf, data, '--out', 'x.npz', 'more']],
    [['embed', gguf, data, '--out', '-', '--nonsense']],
    [['embed', gguf, data, '--out', '-', '--pooling', 'median']],
    [['embed', gguf, data, '--out', '-', '--sharing', 'loose']],
    [['embed', gguf, data, '--out', '-', '--threads', '0']],
    [['embed', gguf, data, '--out', '-', '--threads', '1.5']],
    [['embed', gguf, data, '--out', '-', '--sha256', 'abc']],
    [['embed', gguf, data, '--out', '-', '--min-coverage', '1.1']],
    [['embed', gguf, data, '--out', '-', '--input', 'csv']],
    [['next', gguf, data, '--top', 'all']],
    [['next', gguf, data, '--top', '101']],
    [['convert', checkpoint]],
    [['convert', checkpoint, join(folder, 'y.gguf'), '--type', 'q4']],
  ])('is used wrongly: %j', async (args) => {
    const { code, stdout, stderr } = await clmbr(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^clmbr: [^\n]+\n$/);
  });

  it.each([
    [['embed', 'none.gguf', data, '--out', '-'], 'FILE_UNREADABLE'],
    [['embed', gguf, join(folder, 'none.jsonl'), '--out', '-', '--quiet'], 'FILE_UNREADABLE'],
    [['embed', gguf, data, '--out', join(folder, 'none', 'x.npz')], 'WRITE_FAILED'],
    [['embed', gguf, data, '--out', '-', '--overflow', 'error'], 'CONTEXT_OVERFLOW'],
    [['embed', gguf, data, '--out', '-', '--sha256', '0'.repeat(64)], 'DIGEST_MISMATCH'],
    [['next', gguf, data, '--sha256', 'F'.repeat(64)], 'DIGEST_MISMATCH'],
    [['inspect', data], 'NOT_A_MODEL'],
    [['convert', checkpoint, gguf], 'TARGET_EXISTS'],
    [['tokenize', join(checkpoint, 'config.json'), data], 'INVALID_VOCABULARY'],
  ])('fails in one line: %j', async (args, expected) => {
    const { code, stderr } = await clmbr(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^clmbr: [^\n]+\n$/);
    expect(stderr).toContain(`(${expected})`);
  });

  it('shows the stack when asked', async () => {
    const { code, stderr } = await clmbr(['inspect', 'none.gguf', '--debug']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^clmbr: .*\(FILE_UNREADABLE\)\nClmbrError: .*\n {4}at /);
  });
});

describe('inspect', () => {
  it('prints what the file holds', async () => {
    const { code, stdout } = await clmbr(['inspect', gguf]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^context +128 tokens$/m);
    const json = JSON.parse((await clmbr(['inspect', gguf, '--json'])).stdout) as Record<string, unknown>;
    expect(json).toMatchObject({ architecture: 'llama', weightType: 'F32', vocabulary: { tokens: vocabularySize } });
    expect(stdout).toContain(json.sha256 as string);
  });
});

interface JsonRow {
  patient: number;
  time: string | null;
  tokens: number;
  truncated: boolean;
  dropped: number;
  representation: number[];
}

const jsonRows = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonRow);

describe('embed', () => {
  it('gives the numbers of model.embed, as npz and as JSON Lines, from a file and from standard input', async () => {
    const expected = await model.embed(patients);
    const npz = join(folder, 'x.npz');
    expect(await clmbr(['embed', gguf, data, '--out', npz, '--quiet'])).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '',
    });
    const arrays = await readNpz(npz);
    expect(arrays.get('representations')!.shape).toEqual([expected.rows.length, expected.dimensions]);
    expect(valuesOf(arrays.get('representations')!)).toEqual([...expected.data]);
    expect(valuesOf(arrays.get('patient')!)).toEqual(expected.rows.map(({ patient }) => BigInt(patient)));
    expect(valuesOf(arrays.get('time')!)).toEqual(expected.rows.map(({ time }) => time ?? -(2n ** 63n)));
    for (const name of ['tokens', 'truncated', 'dropped'] as const)
      expect(valuesOf(arrays.get(name)!)).toEqual(expected.rows.map((row) => row[name]));

    const { code, stdout } = await clmbr(['embed', gguf, '-', '--out', '-'], { input: lines });
    expect(code).toBe(0);
    const rows = jsonRows(stdout);
    expect(rows.flatMap(({ representation }) => representation.map(Math.fround))).toEqual([...expected.data]);
    expect(rows.filter(({ patient }) => patient === 106).map(({ time }) => time)).toEqual([
      '2020-01-05T00:00:00.000000Z',
      '2020-01-20T00:00:00.000000Z',
      '2019-01-01T00:00:00.000000Z',
    ]);
    const jsonl = join(folder, 'x.jsonl');
    await clmbr(['embed', gguf, data, '--out', jsonl, '--threads', '1']);
    expect(await readFile(jsonl, 'utf8')).toBe(stdout);
  });

  it.each([
    [['--pooling', 'mean', '--overflow', 'mean'], { pooling: 'mean', overflow: 'mean' }],
    [['--pooling', 'max', '--overflow', 'first'], { pooling: 'max', overflow: 'first' }],
    [['--representation', 'logits'], { representation: 'logits' }],
    [['--recipe', 'model-card'], { recipe: 'model-card' }],
    [['--sharing', 'strided'], { sharing: 'strided' }],
  ] as const)('hands on %j', async (flags, options) => {
    const some = patients.slice(0, 9);
    const input = lines.split('\n').slice(0, 9).join('\n');
    const expected = await model.embed(some, options);
    const { stdout } = await clmbr(['embed', gguf, '-', '--out', '-', ...flags], { input });
    expect(jsonRows(stdout).flatMap((row) => row.representation.map(Math.fround))).toEqual([...expected.data]);
  });

  it('sums up on standard error how much was mapped', async () => {
    const { coverage } = await model.embed(patients);
    const { stderr } = await clmbr(['embed', gguf, data, '--out', join(folder, 'x.npz')]);
    const number = (value: number) => value.toLocaleString('en-US');
    expect(stderr).toContain(`${number(coverage.events)} events, ${number(coverage.mapped)} understood`);
    expect(stderr).toMatch(new RegExp(`\\n +${number(coverage.dropped['unknown-code'])}  unknown code\\n`));
  });

  it('refuses when too little is known, and leaves no file', async () => {
    const out = join(folder, 'refused.npz');
    const { code, stderr } = await clmbr(['embed', gguf, data, '--out', out, '--min-coverage', '0.99']);
    expect(code).toBe(1);
    expect(stderr).toContain('(LOW_COVERAGE)');
    expect((await readdir(folder)).filter((name) => name.includes('refused'))).toEqual([]);
  });

  it('keeps the file that was there when the data turn out broken', async () => {
    const out = join(folder, 'kept.npz');
    await writeFile(out, 'before');
    const { code, stderr } = await clmbr(['embed', gguf, '-', '--out', out], { input: `${lines}{"id": 1}\n` });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^clmbr: standard input:309: expected "events" or "ids".*\(INVALID_INPUT\)\n$/);
    expect(await readFile(out, 'utf8')).toBe('before');
    expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('numbers patients without an identifier, and keeps long ones', async () => {
    const input = '{"ids": [7]}\n{"id": 9007199254740993, "ids": [8]}\n{"events": [{"code": "TEST/1"}]}\n';
    const out = join(folder, 'ids.npz');
    await clmbr(['embed', gguf, '-', '--out', out], { input });
    expect(valuesOf((await readNpz(out)).get('patient')!)).toEqual([0n, 9007199254740993n, 2n]);
  });

  it('writes an empty table for no patients', async () => {
    const out = join(folder, 'empty.npz');
    expect((await clmbr(['embed', gguf, '-', '--out', out], { input: '\n' })).code).toBe(0);
    expect((await readNpz(out)).get('representations')!.shape).toEqual([0, model.info.hiddenSize]);
  });
});

describe('next', () => {
  it('prints the events of model.evaluate as JSON Lines', async () => {
    const { patients: expected } = await model.evaluate(patients.slice(0, 80), { topK: 3 });
    const input = lines.split('\n').slice(0, 80).join('\n');
    const { code, stdout } = await clmbr(['next', gguf, '-', '--top', '3', '--json'], { input });
    expect(code).toBe(0);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { patient: number; next: unknown });
    expect(rows.map(({ patient, next }) => ({ patient, next }))).toEqual(
      expected.flatMap(({ id, rows: own }) =>
        own.map(({ next }) => ({ patient: id, next: JSON.parse(JSON.stringify(next)) as unknown })),
      ),
    );
  });

  it('prints a table of at most 80 columns', async () => {
    const { code, stdout } = await clmbr(['next', gguf, data, '--top', '4']);
    expect(code).toBe(0);
    const rows = stdout.split('\n');
    expect(rows.filter((line) => line.startsWith('patient '))).toHaveLength(patients.length + 2);
    expect(rows[0]).toBe('patient 100 (1 token)');
    const [best] = (await model.evaluate([patients[0]!])).patients[0]!.next;
    expect(rows[1]).toMatch(/^ {2}1 +\d+\.\d % {2}█{10} {2}/);
    expect(rows[1]).toContain(best!.code ?? best!.token);
    expect(rows.filter((line) => [...line].length > 80)).toEqual([]);
    expect(stdout).toContain('patient 106 (at 2020-01-05T00:00:00Z, ');
    expect(stdout).toMatch(/patient 107 \(0 tokens, 1 event dropped\)\n {2}no token/);
    expect(stdout).not.toContain('\u001b');
  });

  it('is coloured only where it is asked for, and safe on a terminal', async () => {
    const input = '{"id": "evil\\u001b[2J", "ids": [7]}';
    const { stdout } = await clmbr(['next', gguf, '-'], { input, env: { NO_COLOR: undefined, FORCE_COLOR: '1' } });
    expect(stdout).toContain('\u001b[1m');
    expect(stdout).not.toContain('\u001b[2J');
  });
});

describe('tokenize', () => {
  it('gives the tokens of a GGUF or a tokenizer_config.json alike', async () => {
    const { stdout } = await clmbr(['tokenize', gguf, data, '--json']);
    const rows = stdout
      .trim()
      .split('\n')
      .map(
        (line) =>
          JSON.parse(line) as {
            patient: number;
            ids: number[];
            tokens: string[];
            events: number[];
            dropped: unknown[];
          },
      );
    expect(rows).toHaveLength(patients.length);
    for (const [i, patient] of patients.entries()) {
      const encoding = model.tokenizer!.encode(patient);
      expect(rows[i]).toMatchObject({ patient: patient.id, ids: [...encoding.ids], events: [...encoding.events] });
      expect(rows[i]!.tokens).toEqual(model.tokenizer!.tokens(patient));
      expect(rows[i]!.dropped).toMatchObject(encoding.dropped);
    }
    const config = join(checkpoint, 'tokenizer_config.json');
    expect((await clmbr(['tokenize', config, data, '--json'])).stdout).toBe(stdout);
  });

  it('prints a table that also names what was dropped', async () => {
    const input = '{"id": 1, "events": [{"code": "TEST/2"}, {"code": "LOCAL/x"}]}';
    const { stdout } = await clmbr(['tokenize', gguf, '-', '--special-tokens'], { input });
    expect(stdout).toMatch(/^patient 1 \(4 tokens, 1 event dropped\)\n/);
    expect(stdout).toMatch(/^ {7}0 {6}13 {2}TEST\/2$/m);
    expect(stdout).toMatch(/^ {7}1 {7}- {2}LOCAL\/x \(unknown code\)$/m);
    expect(stdout).toContain('[CLS]');
  });
});
