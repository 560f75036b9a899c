import { CsvError, parse } from 'csv-parse/sync';
import { ClmbrError } from '../errors.ts';
import { readWholeFile } from '../files/input-file.ts';

/** Tables that people write by hand, or make from a vocabulary of some millions of codes. */
const maxTableBytes = 500_000_000;

export interface CsvRow {
  /** File and line, for messages. */
  where: string;
  /** Value by the name of its column, trimmed; empty where the row or the file has none. */
  cells: Record<string, string>;
}

/**
 * The rows of a small CSV file with a header. Names of columns are found in any letter case and order, others are left alone.
 *
 * @throws ClmbrError `INVALID_INPUT` that names file and line; `FILE_UNREADABLE`
 */
export async function readCsvRows(
  path: string,
  { required, optional = [] }: { required: readonly string[]; optional?: readonly string[] },
): Promise<CsvRow[]> {
  const records = parseCsv(await readWholeFile(path, maxTableBytes), path);
  const header = records.shift();
  const expected = `expected columns ${required.join(', ')}`;
  if (header === undefined) throw new ClmbrError('INVALID_INPUT', `${path}: ${expected}, found an empty file.`);
  const names = header.record.map((name) => name.trim().toLowerCase());
  const missing = required.filter((name) => !names.includes(name));
  if (missing.length > 0)
    throw new ClmbrError('INVALID_INPUT', `${path}:1: ${expected}, found none named ${missing.join(', ')}.`);
  const columns = [...required, ...optional].map((name) => [name, names.indexOf(name)] as const);
  const twice = columns.find(([name, at]) => names.indexOf(name, at + 1) > at && at >= 0);
  if (twice !== undefined)
    throw new ClmbrError('INVALID_INPUT', `${path}:1: expected one column named ${twice[0]}, found several.`);
  return records.map(({ record, info: { lines } }) => {
    const where = `${path}:${lines}`;
    if (record.length !== names.length)
      throw new ClmbrError('INVALID_INPUT', `${where}: expected ${names.length} columns, found ${record.length}.`);
    return { where, cells: Object.fromEntries(columns.map(([name, at]) => [name, record[at]?.trim() ?? ''])) };
  });
}

interface Parsed {
  record: string[];
  /** Lines up to the end of the record. */
  info: { lines: number };
}

function parseCsv(bytes: Buffer, path: string): Parsed[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ClmbrError('INVALID_INPUT', `${path}: expected a CSV file in UTF-8, found other bytes.`);
  }
  try {
    return parse(text, {
      info: true,
      // Lines of a file that several programs wrote end in several ways.
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as Parsed[];
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    const { lines } = cause as CsvError & { lines?: number };
    throw new ClmbrError('INVALID_INPUT', `${path}:${lines ?? 1}: expected CSV, found a broken quotation.`);
  }
}
