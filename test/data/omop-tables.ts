import { DuckDBInstance } from '@duckdb/node-api';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { DataPatient, Dataset, ReadDatasetOptions } from '../../lib/data/dataset.ts';
import { openOmop } from '../../lib/data/omop/open-omop.ts';

export type Cell = string | number | bigint | null;
export type TableRows = Record<string, Cell>[];
export type Tables = Record<string, TableRows>;

/** Rows as CSV. Every row has the columns of the first. */
export function csv(rows: TableRows, { delimiter = ',', newline = '\n' } = {}): string {
  const columns = Object.keys(rows[0] ?? {});
  const field = (cell: Cell | undefined) => {
    const text = String(cell ?? '');
    return new RegExp(`["\r\n${delimiter === '|' ? '\\|' : delimiter}]`).test(text)
      ? `"${text.replaceAll('"', '""')}"`
      : text;
  };
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  return lines.map((line) => line.map((cell) => field(cell ?? null)).join(delimiter) + newline).join('');
}

export async function writeCsv(folder: string, tables: Tables): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, rows] of Object.entries(tables)) await writeFile(join(folder, `${name}.csv`), csv(rows));
  return folder;
}

export async function writeGzip(folder: string, tables: Tables): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (const [name, rows] of Object.entries(tables))
    await writeFile(join(folder, `${name}.csv.gz`), gzipSync(csv(rows)));
  return folder;
}

/** Runs SQL over a folder of CSV files: `$folder` in it is the folder. */
export async function duckdb(database: string, statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(database);
  const connection = await instance.connect();
  for (const statement of statements) await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
}

/** Typed columns, in a file for each table. */
export async function writeParquet(folder: string, csvFolder: string, tables: Tables): Promise<string> {
  await mkdir(folder, { recursive: true });
  const copy = (name: string) =>
    `COPY (SELECT * FROM read_csv('${join(csvFolder, name)}.csv')) TO '${join(folder, name)}.parquet' (FORMAT parquet)`;
  await duckdb(':memory:', Object.keys(tables).map(copy));
  return folder;
}

export async function writeDatabase(file: string, csvFolder: string, tables: Tables, schema = 'main'): Promise<string> {
  const create = (name: string) =>
    `CREATE TABLE ${schema}.${name} AS SELECT * FROM read_csv('${join(csvFolder, name)}.csv')`;
  await duckdb(file, [`CREATE SCHEMA IF NOT EXISTS ${schema}`, ...Object.keys(tables).map(create)]);
  return file;
}

export interface ReadResult {
  patients: DataPatient[];
  skipped: Record<string, number>;
  dataset: Dataset;
}

export async function collect(dataset: Dataset): Promise<DataPatient[]> {
  const patients: DataPatient[] = [];
  for await (const patient of dataset.patients()) patients.push(patient as DataPatient);
  return patients;
}

/** Reads everything, and closes. */
export async function readAll(path: string, options: ReadDatasetOptions = {}): Promise<ReadResult> {
  const dataset = await openOmop(path, options);
  try {
    const patients = await collect(dataset);
    return { patients, skipped: { ...dataset.skipped }, dataset };
  } finally {
    await dataset.close();
  }
}

export function microseconds(time: string): bigint {
  return BigInt(Date.parse(time)) * 1000n;
}

export const person = {
  person_id: 1,
  gender_concept_id: 8532,
  year_of_birth: 1950,
  month_of_birth: 3,
  day_of_birth: 7,
  birth_datetime: null,
  race_concept_id: 8527,
  ethnicity_concept_id: 38003564,
};

const concept = (concept_id: number, vocabulary_id: string, concept_code: string, concept_name: string) => ({
  concept_id,
  concept_name,
  vocabulary_id,
  concept_code,
});

/** A vocabulary for tests: ICD-10 and SNOMED for conditions, LOINC, units and answers. */
export const concepts = [
  concept(0, 'None', 'No matching concept', 'No matching concept'),
  concept(100, 'SNOMED', '44054006', 'Type 2 diabetes mellitus'),
  concept(101, 'SNOMED', '38341003', 'Hypertension'),
  concept(200, 'ICD10CM', 'E11.9', 'Type 2 diabetes without complications'),
  concept(201, 'ICD10CM', 'E11.8', 'Type 2 diabetes with complications'),
  concept(300, 'LOINC', '4548-4', 'Hemoglobin A1c'),
  concept(301, 'LOINC', '5778-6', 'Color of Urine'),
  concept(400, 'RxNorm', '6809', 'metformin'),
  concept(401, 'UCUM', '%', 'percent'),
  concept(402, 'LOINC', 'LA6576-8', 'Positive'),
  concept(500, 'CPT4', '99213', 'Office visit'),
  concept(600, 'SNOMED', '72506001', 'Implantable defibrillator'),
];

export const condition = (
  person_id: Cell,
  condition_concept_id: Cell,
  condition_start_date: string,
  more: Record<string, Cell> = {},
) => ({
  condition_occurrence_id: 1,
  person_id,
  condition_concept_id,
  condition_start_date,
  condition_start_datetime: null,
  condition_end_date: null,
  condition_source_concept_id: 0,
  ...more,
});

export const measurement = (person_id: Cell, measurement_concept_id: Cell, more: Record<string, Cell> = {}) => ({
  measurement_id: 1,
  person_id,
  measurement_concept_id,
  measurement_date: '2020-01-02',
  measurement_datetime: null,
  value_as_number: null,
  value_as_concept_id: 0,
  unit_concept_id: 0,
  unit_source_value: null,
  value_source_value: null,
  measurement_source_concept_id: 0,
  ...more,
});

/** A person with a row in every table. */
export function smallCdm(): Tables {
  return {
    person: [
      person,
      {
        ...person,
        person_id: 2,
        gender_concept_id: 8507,
        race_concept_id: 0,
        month_of_birth: null,
        day_of_birth: null,
      },
    ],
    visit_occurrence: [
      {
        visit_occurrence_id: 1,
        person_id: 1,
        visit_concept_id: 9202,
        visit_start_date: '2020-01-01',
        visit_start_datetime: '2020-01-01 08:30:00',
        visit_end_date: '2020-01-01',
        visit_end_datetime: '2020-01-01 09:00:00',
      },
    ],
    condition_occurrence: [
      condition(1, 100, '2020-01-01', { condition_source_concept_id: 200 }),
      condition(2, 101, '2019-05-05'),
    ],
    drug_exposure: [
      {
        drug_exposure_id: 1,
        person_id: 1,
        drug_concept_id: 400,
        drug_exposure_start_date: '2020-01-02',
        drug_exposure_end_date: '2020-02-01',
      },
    ],
    procedure_occurrence: [
      { procedure_occurrence_id: 1, person_id: 1, procedure_concept_id: 500, procedure_date: '2020-01-03' },
    ],
    measurement: [measurement(1, 300, { value_as_number: 7.2, unit_concept_id: 401, unit_source_value: 'percent' })],
    observation: [
      {
        observation_id: 1,
        person_id: 1,
        observation_concept_id: 301,
        observation_date: '2020-01-04',
        value_as_number: null,
        value_as_string: 'yellow',
        value_as_concept_id: 0,
      },
    ],
    device_exposure: [
      { device_exposure_id: 1, person_id: 1, device_concept_id: 600, device_exposure_start_date: '2020-01-05' },
    ],
    death: [{ person_id: 1, death_date: '2021-01-01', death_datetime: '2021-01-01 12:00:00' }],
    concept: concepts,
    concept_relationship: [
      { concept_id_1: 200, concept_id_2: 100, relationship_id: 'Maps to', invalid_reason: null },
      { concept_id_1: 201, concept_id_2: 100, relationship_id: 'Maps to', invalid_reason: null },
      { concept_id_1: 201, concept_id_2: 101, relationship_id: 'Maps to', invalid_reason: null },
      { concept_id_1: 201, concept_id_2: 300, relationship_id: 'Maps to', invalid_reason: 'D' },
      { concept_id_1: 201, concept_id_2: 301, relationship_id: 'Is a', invalid_reason: null },
    ],
  };
}
