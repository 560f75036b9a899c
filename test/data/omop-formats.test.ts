import fc from 'fast-check';
import { mkdir, readdir, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openOmop } from '../../lib/data/omop/open-omop.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { golden } from '../support/golden.ts';
import type { TableRows, Tables } from './omop-tables.ts';
import {
  collect,
  concepts,
  condition,
  csv,
  duckdb,
  measurement,
  person,
  readAll,
  smallCdm,
  writeCsv,
  writeDatabase,
  writeGzip,
  writeParquet,
} from './omop-tables.ts';

const folder = await temporaryFolder();
const tables = smallCdm();
const csvFolder = await writeCsv(join(folder, 'csv'), tables);
const expected = (await readAll(csvFolder)).patients;

async function write(name: string, files: Record<string, string | Buffer>): Promise<string> {
  for (const [file, content] of Object.entries(files)) {
    const path = join(folder, name, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return join(folder, name);
}

const texts = (change: (text: string, table: string) => string, rows: Tables = tables) =>
  Object.fromEntries(
    Object.entries(rows).map(([name, table]) => [`${name}.csv`, change(csv(table), name)] as [string, string]),
  );

describe('the same patients come from', () => {
  it('CSV that is compressed', async () => {
    const path = await writeGzip(join(folder, 'gzip'), tables);
    expect((await readAll(path)).patients).toEqual(expected);
  });

  it('Parquet, with types and without', async () => {
    const path = await writeParquet(join(folder, 'parquet'), csvFolder, tables);
    expect((await readAll(path)).patients).toEqual(expected);
    const untyped = join(folder, 'untyped');
    await mkdir(untyped);
    const copy = (name: string) =>
      `COPY (SELECT * FROM read_csv('${join(csvFolder, name)}.csv', all_varchar = true)) TO '${join(untyped, name)}.parquet'`;
    await duckdb(':memory:', Object.keys(tables).map(copy));
    expect((await readAll(untyped)).patients).toEqual(expected);
  });

  it('Parquet with numbers as pandas writes them beside missing ones', async () => {
    const path = join(folder, 'pandas');
    await mkdir(path);
    const double = (column: string, row: TableRows[0]) =>
      typeof row[column] === 'number' ? `coalesce(CAST(${column} AS DOUBLE), 'NaN') AS ${column}` : column;
    const copy = ([name, [row]]: [string, TableRows]) =>
      `COPY (SELECT ${Object.keys(row!)
        .map((column) => double(column, row!))
        .join(', ')} FROM read_csv('${join(csvFolder, name)}.csv')) TO '${join(path, name)}.parquet'`;
    await duckdb(':memory:', Object.entries(tables).map(copy));
    expect((await readAll(path)).patients).toEqual(expected);
  });

  it('a DuckDB database, in any schema', async () => {
    const path = await writeDatabase(join(folder, 'a database.duckdb'), csvFolder, tables);
    const { patients, dataset } = await readAll(path);
    expect(patients).toEqual(expected);
    expect(dataset.files).toEqual([path]);
    const other = await writeDatabase(join(folder, 'other.db'), csvFolder, tables, 'cdm54');
    expect((await readAll(other)).patients).toEqual(expected);
  });

  it('views of a database on files beside it', async () => {
    const path = join(folder, 'views.db');
    await duckdb(
      path,
      Object.keys(tables).map(
        (name) => `CREATE VIEW ${name} AS SELECT * FROM read_csv('${join(csvFolder, name)}.csv')`,
      ),
    );
    expect((await readAll(path)).patients).toEqual(expected);
  });

  it('names in any letter case, and other files beside them', async () => {
    const upper = await write('upper', {
      ...Object.fromEntries(
        Object.entries(tables).map(([name, rows]) => [
          `${name.toUpperCase()}.CSV`,
          csv(rows).replace(/^.*\n/, (head) => head.toUpperCase()),
        ]),
      ),
      LICENSE: 'free',
      'COHORT.csv': 'nothing of ours',
      'note.txt.bak': '',
    });
    expect((await readAll(upper)).patients).toEqual(expected);
  });

  it('names that are expressions over a column, as SQLite exports them', async () => {
    const path = await write(
      'expressions',
      texts((text) =>
        text.replace(/^.*\n/, (head) => head.replace(/([a-z_]*(?:datetime|_date))/g, `"date($1,'unixepoch')"`)),
      ),
    );
    expect((await readAll(path)).patients).toEqual(expected);
  });

  it.each([
    ['Windows line endings', (text: string) => text.replaceAll('\n', '\r\n')],
    ['a byte order mark', (text: string) => `\uFEFF${text}`],
    ['bars between columns', (text: string) => text.replaceAll(',', '|')],
    ['quotation marks everywhere', (text: string) => text.replace(/[^,\n]+/g, '"$&"')],
    ['blanks around numbers', (text: string) => text.replace(/^\d+/gm, ' $& ')],
    ['no line ending at the end', (text: string) => text.slice(0, -1)],
    ['empty lines', (text: string) => `${text}\n\n`],
    ['null written out', (text: string) => text.replace(/,(?=[,\n])/g, ',\\N')],
  ])('%s', async (name, change) => {
    const path = await write(`dialect ${name}`, texts(change));
    expect((await readAll(path)).patients).toEqual(expected);
  });

  it('tabs, with quotation marks as letters in the vocabulary', async () => {
    const named = concepts.map((row) => (row.concept_id === 402 ? { ...row, concept_name: 'a 2" needle' } : row));
    const measurements = [measurement(1, 300, { value_as_concept_id: 402, value_source_value: 'a\ttab, "quoted"' })];
    const path = await write('tabs', {
      'PERSON.tsv': csv([person], { delimiter: '\t' }),
      'measurement.csv': csv(measurements, { delimiter: '\t' }),
      'CONCEPT.csv': csv(named, { delimiter: '\t' }).replaceAll('""', '"').replaceAll('"a 2" needle"', 'a 2" needle'),
    });
    expect((await readAll(path)).patients[0]!.events.at(-1)!.value).toBe('a 2" needle');
  });

  it('parts of a table, with columns in another order, and links', async () => {
    const [first, second] = tables.condition_occurrence as [TableRows[0], TableRows[0]];
    const { person: persons, condition_occurrence: _, ...others } = tables;
    const path = await write('parts', {
      ...texts((text) => text, others),
      'Condition_Occurrence/part-0.csv': csv([first]),
      'Condition_Occurrence/more/part-1.csv': csv([Object.fromEntries(Object.entries(second).reverse())]),
      'Condition_Occurrence/_SUCCESS': '',
      'Condition_Occurrence/.part-0.csv.crc': 'x',
      '../elsewhere/p [1]*.csv': csv(persons!),
    });
    await symlink(join(folder, 'elsewhere', 'p [1]*.csv'), join(path, 'person.csv'));
    expect((await readAll(path)).patients).toEqual(expected);
  });

  it('parts in Parquet', async () => {
    const path = await writeParquet(join(folder, 'parquet parts'), csvFolder, tables);
    const copy = (
      id: number,
    ) => `COPY (SELECT * FROM read_csv('${join(csvFolder, 'person.csv')}') WHERE person_id = ${id})
      TO '${join(path, 'person', `${id}.parquet`)}'`;
    await mkdir(join(path, 'person'));
    await rename(join(path, 'person.parquet'), join(path, 'person.bak'));
    await duckdb(':memory:', [copy(1), copy(2)]);
    expect((await readAll(path)).patients).toEqual(expected);
  });
});

describe('a data set', () => {
  it('is read again from the start, the same', async () => {
    const dataset = await openOmop(csvFolder);
    const once = await collect(dataset);
    expect(await collect(dataset)).toEqual(once);
    await dataset.close();
  });

  it('names its files in the order of reading', async () => {
    const { dataset } = await readAll(csvFolder);
    const names = dataset.files.map((file) => basename(file));
    expect(names).toHaveLength(Object.keys(tables).length);
    expect(names.slice(0, 2)).toEqual(['person.csv', 'visit_occurrence.csv']);
  });

  it('leaves nothing in the folder for temporary files, which nobody else can read', async () => {
    const ours = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('clmbr-omop-'));
    const before = new Set(await ours());
    const dataset = await openOmop(csvFolder);
    const made = (await ours()).filter((name) => !before.has(name));
    const modes = await Promise.all(made.map(async (name) => (await stat(join(tmpdir(), name))).mode & 0o777));
    expect(modes).toContain(0o700);
    await dataset.patients().next();
    await dataset.close();
    await dataset.close();
    for (const name of made) expect(await ours()).not.toContain(name);
  });
});

describe('any rows', () => {
  const times = fc.integer({ min: 0, max: 3 }).map((day) => `2020-01-0${day + 1}`);
  const rows = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.constantFrom(0, 100, 101, 999), times), {
    maxLength: 40,
  });

  it('come sorted, in whatever order the tables have them', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(rows, async (drawn) => {
        const conditions = drawn.map(([id, concept, time], i) =>
          condition(id, concept, time, { condition_occurrence_id: i }),
        );
        const path = await writeCsv(join(folder, `any${runs++}`), {
          person: [3, 1, 2].map((person_id) => ({ ...person, person_id })),
          concept: concepts,
          condition_occurrence: conditions.length > 0 ? conditions : [condition(7, 100, '2020-01-01')],
        });
        const { patients } = await readAll(path);
        const codes: Record<number, string> = { 100: 'SNOMED/44054006', 101: 'SNOMED/38341003' };
        const naive = [1, 2, 3].map((id) =>
          drawn
            .filter(([whose, concept]) => whose === id && codes[concept] !== undefined)
            .map(([, concept, time]) => `${time}/${concept}`)
            .sort()
            .map((key) => `${key.slice(0, 10)} ${codes[Number(key.slice(11))]}`),
        );
        const found = patients.map(({ events }) =>
          events
            .slice(4)
            .map(({ start, code }) => `${new Date(Number(start! / 1000n)).toISOString().slice(0, 10)} ${code}`),
        );
        expect(patients.map(({ id }) => id)).toEqual([1, 2, 3]);
        expect(found).toEqual(naive);
      }),
      { numRuns: 12 },
    );
  });
});

const shared = join(golden, '../data');
const hasShared = await stat(shared).then(
  () => true,
  () => false,
);

describe.runIf(hasShared)('open data', () => {
  it('Synthea27Nj is the same in CSV and Parquet', async () => {
    const { patients, skipped } = await readAll(join(shared, 'synthea27nj'));
    expect(patients).toHaveLength(28);
    // All rows of its tables, and four of PERSON for each but four whose race is 0.
    expect(patients.reduce((sum, { events }) => sum + events.length, 0)).toBe(22_936 + 4 * 28 - 4);
    expect(skipped).toEqual({});
    expect((await readAll(join(shared, 'synthea27nj/parquet'))).patients).toEqual(patients);
  });

  it('GiBleed has all its persons and rows', async () => {
    const { patients, skipped } = await readAll(join(shared, 'gibleed'));
    expect(patients).toHaveLength(2694);
    expect(patients.reduce((sum, { events }) => sum + events.filter((e) => e.omopTable !== 'person').length, 0)).toBe(
      217_015,
    );
    expect(skipped).toEqual({});
  });

  it('the MIMIC-IV demo has negative identifiers and concepts of its own', async () => {
    const { patients, skipped } = await readAll(join(shared, 'mimic_iv_demo_omop'));
    expect(patients).toHaveLength(100);
    expect(patients.filter(({ id }) => typeof id === 'bigint').length).toBeGreaterThan(90);
    const rows = 852 + 16_441 + 18_229 + 18_447 + 3_855 + 15;
    const events = patients.reduce(
      (sum, patient) => sum + patient.events.filter((e) => e.omopTable !== 'person').length,
      0,
    );
    expect(events + skipped['no-concept']!).toBeGreaterThanOrEqual(rows);
    expect(events + skipped['no-concept']! - rows).toBeLessThanOrEqual(300);
  });
});
