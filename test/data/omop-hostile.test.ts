import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, vi } from 'vitest';
import { Engine } from '../../lib/data/omop/engine.ts';
import { openOmop } from '../../lib/data/omop/open-omop.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { temporaryFolder } from '../support/temporary.ts';
import type { Cell, Tables } from './omop-tables.ts';
import {
  collect,
  concepts,
  condition,
  csv,
  duckdb,
  measurement,
  person,
  readAll,
  writeCsv,
  writeDatabase,
  writeParquet,
} from './omop-tables.ts';

const folder = await temporaryFolder();
let folders = 0;
const next = () => join(folder, String(folders++));
const good = condition(1, 100, '2020-01-01');
const base: Tables = { person: [person], concept: concepts };

async function write(files: Record<string, string | Buffer>): Promise<string> {
  const path = next();
  await mkdir(path);
  await writeFile(join(path, 'person.csv'), csv([person]));
  await writeFile(join(path, 'concept.csv'), csv(concepts));
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content);
  return path;
}

/** Values that no message may hold. */
const secrets = /SECRET|31415|2718/;

describe('a row that breaks the format', () => {
  const broken: [column: string, table: string, row: Record<string, Cell>][] = [
    ['person_id', 'condition_occurrence', { ...good, person_id: 'SECRET' }],
    ['person_id', 'condition_occurrence', { ...good, person_id: null }],
    ['person_id', 'condition_occurrence', { ...good, person_id: '31415.5' }],
    ['person_id', 'condition_occurrence', { ...good, person_id: '31415926535897932384626' }],
    ['condition_concept_id', 'condition_occurrence', { ...good, condition_concept_id: 'SECRET' }],
    ['condition_source_concept_id', 'condition_occurrence', { ...good, condition_source_concept_id: '0.31415' }],
    ['condition_start_date', 'condition_occurrence', { ...good, condition_start_date: null }],
    ['condition_start_date', 'condition_occurrence', { ...good, condition_start_date: '2718-02-30' }],
    ['condition_start_date', 'condition_occurrence', { ...good, condition_start_date: '01/31/2718' }],
    ['condition_start_date', 'condition_occurrence', { ...good, condition_start_date: 'infinity' }],
    ['condition_start_date', 'condition_occurrence', { ...good, condition_start_date: '2718281828' }],
    ['condition_start_datetime', 'condition_occurrence', { ...good, condition_start_datetime: '27:18:28' }],
    ['condition_start_datetime', 'condition_occurrence', { ...good, condition_start_datetime: '2718-01-01 10:20+02' }],
    ['condition_end_date', 'condition_occurrence', { ...good, condition_end_date: 'SECRET' }],
    ['value_as_number', 'measurement', { ...measurement(1, 300), value_as_number: 'SECRET' }],
    ['unit_concept_id', 'measurement', { ...measurement(1, 300), unit_concept_id: 'SECRET' }],
    ['person_id', 'person', { ...person, person_id: 'SECRET' }],
    ['birth_datetime', 'person', { ...person, person_id: 2, birth_datetime: 'SECRET' }],
    ['year_of_birth', 'person', { ...person, person_id: 2, year_of_birth: 'SECRET' }],
    ['month_of_birth', 'person', { ...person, person_id: 2, month_of_birth: 2718 }],
    ['day_of_birth', 'person', { ...person, person_id: 2, day_of_birth: 31415 }],
    ['concept_id', 'concept', { ...concepts[0]!, concept_id: 'SECRET' }],
  ];

  it.each(broken)('is named by file, row and column: %s', async (column, table, row) => {
    const before: Tables = { condition_occurrence: [good, good], measurement: [measurement(1, 300)], ...base };
    const rows = [...before[table]!, row, row];
    const path = await writeCsv(next(), { ...before, [table]: rows });
    // The first row is line 2.
    const place = `${join(path, table)}.csv:${rows.length}: column ${column}: expected`;
    const error = await expectClmbrError(readAll(path), 'INVALID_INPUT', place);
    expect(error.message).not.toMatch(secrets);
    expect(error.cause).toBeUndefined();
    const { patients, skipped } = await readAll(path, { skipBadRows: true });
    expect(skipped).toEqual({ 'bad-row': 2 });
    expect(patients).toHaveLength(1);
    expect(patients[0]!.events).toHaveLength(4 + 3);
  });

  it('is named in Parquet and in a database too', async () => {
    const tables = { ...base, condition_occurrence: [good, { ...good, condition_start_date: '2718-99-99' }] };
    const source = await writeCsv(next(), tables);
    const parquet = await writeParquet(next(), source, tables);
    await expectClmbrError(
      readAll(parquet),
      'INVALID_INPUT',
      'condition_occurrence.parquet:2: column condition_start_date',
    );
    const database = await writeDatabase(`${next()}.db`, source, tables);
    await expectClmbrError(
      readAll(database),
      'INVALID_INPUT',
      'table condition_occurrence:2: column condition_start_date',
    );
    expect((await readAll(parquet, { skipBadRows: true })).skipped).toEqual({ 'bad-row': 1 });
  });

  it('may lie far behind in the second of two parts', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => ({ ...good, condition_occurrence_id: i }));
    const path = await write({});
    await mkdir(join(path, 'condition_occurrence'));
    await writeFile(join(path, 'condition_occurrence/a.csv'), csv(rows));
    await writeFile(join(path, 'condition_occurrence/b.csv'), csv([...rows, { ...good, person_id: 'x' }, ...rows]));
    await expectClmbrError(
      readAll(path),
      'INVALID_INPUT',
      `${join(path, 'condition_occurrence/b.csv')}:30002: column person_id`,
    );
  });

  it('may have the name of an expression', async () => {
    const text = csv([{ ...good, condition_start_date: 'x' }]).replace(
      'condition_start_date',
      '"date(condition_start_date,\'unixepoch\')"',
    );
    const path = await write({ 'condition_occurrence.csv': text });
    await expectClmbrError(
      readAll(path),
      'INVALID_INPUT',
      ":2: column date(condition_start_date,'unixepoch'): expected",
    );
  });

  it('is one that PERSON has twice, in whatever file', async () => {
    const path = await writeCsv(next(), { person: [person, { ...person, person_id: 2 }, person] });
    const duplicate = ':4: column person_id: expected each person once';
    await expectClmbrError(readAll(path), 'INVALID_INPUT', `${join(path, 'person.csv')}${duplicate}`);
    await expectClmbrError(readAll(path, { skipBadRows: true }), 'INVALID_INPUT', duplicate);
    const parts = next();
    await writeCsv(join(parts, 'person'), { a: [person], b: [{ ...person, person_id: 5 }, person] });
    await expectClmbrError(readAll(parts), 'INVALID_INPUT', `${join(parts, 'person/b.csv')}:3: column person_id`);
  });
});

describe('a line that breaks the format', () => {
  const text = csv([good, good, good]);
  const lines = text.trimEnd().split('\n');
  const withLine = (line: string | Buffer) =>
    Buffer.concat([
      Buffer.from(`${lines.slice(0, 2).join('\n')}\n`),
      Buffer.from(line),
      Buffer.from(`\n${lines[3]!}\n`),
    ]);

  it.each([
    ['too few columns', withLine('SECRET,1'), 'found fewer'],
    ['too many columns', withLine(`${lines[1]!},SECRET`), 'found more'],
    ['a quotation mark that ends early', withLine(lines[1]!.replace('2020-01-01', '"2020"SECRET')), 'quotation marks'],
    [
      'bytes that are no UTF-8',
      withLine(Buffer.from(lines[1]!.replace('2020-01-01', 'SECRET\xe4'), 'latin1')),
      'UTF-8',
    ],
    ['more than two million bytes', withLine(lines[1]!.replace('2020-01-01', 'SECRET'.repeat(400_000))), '2,000,000'],
  ])('by %s is named, or counted', async (_, content, words) => {
    const path = await write({ 'condition_occurrence.csv': content });
    const error = await expectClmbrError(
      readAll(path),
      'INVALID_INPUT',
      `${join(path, 'condition_occurrence.csv')}:3:`,
      words,
    );
    expect(error.message).not.toMatch(secrets);
    const { patients, skipped } = await readAll(path, { skipBadRows: true });
    expect(skipped).toEqual({ 'bad-row': 1 });
    expect(patients[0]!.events).toHaveLength(6);
  });

  it('by a quotation mark without end is named', async () => {
    const path = await write({ 'condition_occurrence.csv': `${text}"${lines[1]!}\n${lines[1]!}\n` });
    await expectClmbrError(readAll(path), 'INVALID_INPUT', 'condition_occurrence.csv:5:', 'quotation marks');
  });

  it.each([
    ['\n', '\r\n'],
    ['\r\n', '\n'],
  ])('by another ending (%j, %j) is refused, not lost', async (first, others) => {
    for (const mixed of [
      lines[0]! + first + lines.slice(1).join(others),
      lines.join(first) + others + lines[1]! + first,
    ]) {
      const path = await write({ 'condition_occurrence.csv': mixed });
      await expectClmbrError(readAll(path), 'INVALID_INPUT', 'condition_occurrence.csv', 'line ending');
    }
  });
});

describe('a file', () => {
  const rows = Array.from({ length: 2000 }, (_, i) => ({ ...good, condition_occurrence_id: i }));

  it('that was cut off or damaged is refused, not taken for a shorter one', async () => {
    const whole = gzipSync(csv(rows));
    for (const bytes of [
      whole.subarray(0, -4),
      whole.subarray(0, whole.length >> 1),
      Buffer.from('no gzip'),
      Buffer.alloc(0),
    ]) {
      const path = await write({ 'condition_occurrence.csv.gz': bytes });
      await expectClmbrError(readAll(path, { skipBadRows: true }), 'INVALID_INPUT', 'condition_occurrence.csv.gz');
    }
    const damaged = Buffer.from(whole);
    damaged.fill(0x55, damaged.length >> 1, (damaged.length >> 1) + 20);
    const path = await write({ 'condition_occurrence.csv.gz': damaged });
    await expectClmbrError(readAll(path, { skipBadRows: true }), 'INVALID_INPUT', 'gzip');
  });

  it.each([
    ['condition_occurrence.csv', ''],
    ['condition_occurrence.csv', '\n\n'],
    ['condition_occurrence.csv', Buffer.from('\ufeffa,b\n', 'utf16le')],
    ['condition_occurrence.csv', 'a,"b\nc"\r\n1,2\r\n'],
    ['condition_occurrence.csv', 'a,b\n1,2\n'],
    ['condition_occurrence.csv', csv([good]).replace('person_id', 'persons')],
    ['condition_occurrence.csv', csv([good]).replace('condition_concept_id', 'x')],
    ['condition_occurrence.csv', csv([good]).replace(/condition_start/g, 'start')],
    ['condition_occurrence.csv', csv([good]).replace('condition_occurrence_id', 'PERSON_ID')],
    ['condition_occurrence.parquet', ''],
    ['condition_occurrence.parquet', 'PAR1 SECRET PAR1'],
    ['concept.tsv', 'concept_id\n'],
  ])('that is not a table is refused: %s %j', async (name, content) => {
    const path = await write({ [name]: content });
    const error = await expectClmbrError(readAll(path), 'INVALID_INPUT', path);
    expect(error.message).not.toMatch(secrets);
  });

  it('of another format beside it makes a table ambiguous', async () => {
    const path = await write({ 'PERSON.csv.gz': '' });
    await expectClmbrError(openOmop(path), 'INVALID_INPUT', 'person.csv', 'PERSON.csv.gz');
  });
});

describe('a path', () => {
  it('must be a folder or database with PERSON', async () => {
    await expectClmbrError(openOmop(next()), 'FILE_UNREADABLE', 'does not exist');
    const empty = await writeCsv(next(), {});
    await expectClmbrError(openOmop(empty), 'INVALID_INPUT', 'PERSON');
    await writeFile(join(empty, 'a.txt'), 'text');
    await expectClmbrError(openOmop(join(empty, 'a.txt')), 'INVALID_INPUT', 'PERSON');
    await duckdb(join(empty, 'a.db'), ['CREATE TABLE patients (a INTEGER)']);
    await expectClmbrError(openOmop(join(empty, 'a.db')), 'INVALID_INPUT', 'PERSON');
    await writeFile(join(empty, 'b.db'), `12345678DUCK${'x'.repeat(100_000)}`);
    await expectClmbrError(openOmop(join(empty, 'b.db')), 'FILE_UNREADABLE', 'b.db');
    await duckdb(join(empty, 'c.db'), [
      'CREATE SCHEMA a',
      'CREATE SCHEMA b',
      'CREATE TABLE a.person (x INT)',
      'CREATE TABLE b.person (x INT)',
    ]);
    await expectClmbrError(openOmop(join(empty, 'c.db')), 'INVALID_INPUT', 'one schema');
  });

  it.each(['a[bc]d', 'st*r', 'wh?t', "quo'te", 'semi;colon', 'curly{a,b}'])('may be called %s', async (name) => {
    const parent = next();
    // What the name would stand for if it were a pattern.
    for (const other of ['abd', 'star', 'what']) await writeCsv(join(parent, other), { ...base, person: [] });
    const csvFolder = await writeCsv(next(), base);
    const parquet = await writeParquet(next(), csvFolder, base);
    const database = await writeDatabase(`${next()}.db`, csvFolder, base);
    const tables = join(parent, name);
    for (const [kind, path] of Object.entries({ database, parquet, csvFolder })) {
      await rename(path, tables);
      expect((await readAll(tables)).patients, kind).toHaveLength(1);
      if (path !== csvFolder) await rm(tables, { recursive: true });
    }
    await writeCsv(tables, { condition_occurrence: [{ ...good, person_id: 'SECRET' }] });
    await expectClmbrError(openOmop(tables).then(collect), 'INVALID_INPUT', `${tables}/condition_occurrence.csv:2`);
  });

  it('of a database gives it no way to other files', async () => {
    const elsewhere = await writeCsv(next(), { other: [person] });
    const path = await writeCsv(next(), {});
    const view = `CREATE VIEW person AS SELECT * FROM read_csv('${join(elsewhere, 'other.csv')}')`;
    await duckdb(join(path, 'a.db'), [view]);
    await expectClmbrError(readAll(join(path, 'a.db')), 'FILE_UNREADABLE', 'its own folder');
  });
});

describe('reading', () => {
  it('stops when it is told to, before and while it runs', async () => {
    const path = await writeCsv(next(), { ...base, condition_occurrence: Array.from({ length: 5000 }, () => good) });
    const reason = new Error('enough');
    await expect(openOmop(path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    for (const delay of [0, 5, 30]) {
      const controller = new AbortController();
      const dataset = await openOmop(path, { signal: controller.signal });
      const reading = collect(dataset).then(
        () => 'all was read',
        (error: unknown) => error,
      );
      if (delay === 0) controller.abort(reason);
      else setTimeout(() => controller.abort(reason), delay);
      expect(delay === 0 ? [reason] : [reason, 'all was read']).toContain(await reading);
      await dataset.close();
    }
  });

  it('ends when the data set is closed', async () => {
    const dataset = await openOmop(await writeCsv(next(), base));
    const patients = dataset.patients();
    await dataset.close();
    await expectClmbrError(patients.next(), 'DISPOSED', 'closed');
  });

  it('survives closing in the middle', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => condition(i, 100, '2020-01-01'));
    const persons = rows.map(({ person_id }) => ({ ...person, person_id }));
    const dataset = await openOmop(await writeCsv(next(), { ...base, person: persons, condition_occurrence: rows }));
    const patients = dataset.patients();
    await patients.next();
    const closing = dataset.close();
    await patients.return();
    await closing;
    await dataset.close();
  });

  it('says what to install where DuckDB is not', async () => {
    const absent = Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
    const open = Engine.open({ load: () => Promise.reject(absent) });
    await expectClmbrError(open, 'ADDON_UNAVAILABLE', 'npm install @duckdb/node-api', 'not installed');
  });

  it('says so where there is no place for temporary files', async () => {
    vi.stubEnv('TMPDIR', join(folder, 'nowhere'));
    try {
      await expectClmbrError(Engine.open({}), 'WRITE_FAILED', join(folder, 'nowhere'), 'TMPDIR');
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it('has no way to the network, and keeps its settings', async () => {
    const engine = await Engine.open({});
    await expectClmbrError(engine.run(`SELECT * FROM 'http://127.0.0.1:1/a.csv'`), 'FILE_UNREADABLE');
    await expectClmbrError(engine.run('INSTALL httpfs'), 'FILE_UNREADABLE');
    await expectClmbrError(engine.run('SET threads = 1'), 'INVALID_INPUT');
    await engine.close();
  });
});
