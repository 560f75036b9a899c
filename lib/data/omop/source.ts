import { ClmbrError } from '../../errors.ts';
import type { Engine } from './engine.ts';
import type { Columns } from './columns.ts';
import { byCdmName } from './columns.ts';
import { readCsvHeader } from './csv-header.ts';
import type { TableFiles } from './layout.ts';
import { noPerson } from './layout.ts';
import { identifier, list, literal, pattern } from './sql.ts';
import { isVocabulary, tableNames } from './tables.ts';

/** Rows of a table that one FROM clause gives: the table of a database, Parquet files, or CSV files with the same header. */
export interface Part {
  table: string;
  kind: 'csv' | 'parquet' | 'database';
  /** What messages call it. */
  label: string;
  /** Files, or none for a table of a database. */
  files: readonly string[];
  columns: Columns;
  from: string;
  /**
   * Rows of one file with their numbers as `row`, in order: 1 is the first line of a CSV file and the first row of anything else. For messages
   * only: it is slow.
   */
  numbered: (file: string) => string;
}

export type Parts = ReadonlyMap<string, readonly Part[]>;

/** Where CSV rows go that break the format: tables that live until {@link dropRejects}. */
export const rejects = { rows: 'csv_rejects', scans: 'csv_reject_scans' };

/** @throws ClmbrError `INVALID_INPUT`, `FILE_UNREADABLE` */
export async function partsOfFolder(engine: Engine, tables: readonly TableFiles[]): Promise<Parts> {
  const parts = new Map<string, Part[]>();
  for (const { table, format, files } of tables)
    parts.set(table, format === 'csv' ? await csvParts(table, files) : [await parquetPart(engine, table, files)]);
  return parts;
}

async function csvParts(table: string, files: readonly string[]): Promise<Part[]> {
  const groups = new Map<string, { header: Awaited<ReturnType<typeof readCsvHeader>>; files: string[] }>();
  for (const file of files) {
    const header = await readCsvHeader(file);
    const isGzip = file.toLowerCase().endsWith('.gz');
    const key = JSON.stringify([header, isGzip]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { header, files: [file] });
    else group.files.push(file);
  }
  return [...groups.values()].map(({ header, files }) => {
    // Numbered: names in files may be the same, or empty.
    const columns = header.names.map((name, i) => ({ name, sql: `c${i}`, type: 'VARCHAR' }));
    const quote = header.delimiter === '\t' && isVocabulary(table) ? '' : '"';
    const settings = [
      'header = true, auto_detect = false, strict_mode = true',
      `delim = ${literal(header.delimiter)}, quote = '${quote}', escape = '${quote}'`,
      `columns = {${columns.map(({ sql }) => `${sql}: 'VARCHAR'`).join(', ')}}`,
      `nullstr = ['', '\\N', 'NULL'], compression = '${files[0]!.toLowerCase().endsWith('.gz') ? 'gzip' : 'none'}'`,
      `store_rejects = true, rejects_table = '${rejects.rows}', rejects_scan = '${rejects.scans}'`,
    ].join(', ');
    return {
      table,
      kind: 'csv',
      label: files.length === 1 ? files[0]! : `${files[0]!} and ${files.length - 1} others`,
      files,
      columns: byCdmName(columns, files[0]!),
      from: `read_csv(${list(files.map(pattern))}, ${settings})`,
      numbered: (file) =>
        `(SELECT *, 1 + row_number() OVER () AS row FROM read_csv(${literal(pattern(file))}, ${settings}, parallel = false))`,
    };
  });
}

async function parquetPart(engine: Engine, table: string, files: readonly string[]): Promise<Part> {
  const settings = 'union_by_name = true, hive_partitioning = false, binary_as_string = true';
  const from = `read_parquet(${list(files.map(pattern))}, ${settings})`;
  const label = files.length === 1 ? files[0]! : `${files[0]!} and ${files.length - 1} others`;
  const columns = await describe(engine, from, label);
  const numbered = (file: string) =>
    `(SELECT *, 1 + file_row_number AS row FROM read_parquet(${literal(pattern(file))}, ${settings}, file_row_number = true))`;
  return { table, kind: 'parquet', label, files, columns, from, numbered };
}

/**
 * Tables of the attached database, in any schema. Where several schemas have a table, the one that has PERSON counts, and of several with
 * PERSON `main`.
 *
 * @throws ClmbrError `INVALID_INPUT`
 */
export async function partsOfDatabase(engine: Engine, path: string): Promise<Parts> {
  const rows = (await engine.run(
    `SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'source'
     UNION ALL SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = 'source' AND NOT internal ORDER BY ALL`,
    path,
  )) as [string, string][];
  const homes = rows.filter(([, name]) => name.toLowerCase() === 'person');
  const home = (homes.find(([schema]) => schema === 'main') ?? homes[0])?.[0];
  if (home === undefined) throw noPerson(path);
  if (homes.length > 1 && home !== 'main')
    throw new ClmbrError('INVALID_INPUT', `${path}: expected one schema with PERSON, found ${homes.length}.`);
  const parts = new Map<string, Part[]>();
  for (const table of tableNames) {
    const candidates = rows.filter(([, name]) => name.toLowerCase() === table);
    const found = candidates.find(([schema]) => schema === home) ?? candidates[0];
    if (found === undefined) continue;
    const from = `source.${identifier(found[0])}.${identifier(found[1])}`;
    const label = `${path}, table ${found[1]}`;
    const columns = await describe(engine, from, label);
    const numbered = () => `(SELECT *, row_number() OVER () AS row FROM ${from})`;
    parts.set(table, [{ table, kind: 'database', label, files: [], columns, from, numbered }]);
  }
  return parts;
}

async function describe(engine: Engine, from: string, label: string): Promise<Columns> {
  const rows = (await engine.run(`DESCRIBE SELECT * FROM ${from}`, label)) as [string, string][];
  return byCdmName(
    rows.map(([name, type]) => ({ name, sql: identifier(name), type })),
    label,
  );
}
