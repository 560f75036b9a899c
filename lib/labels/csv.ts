import { Transform } from 'node:stream';
import type { TransformCallback } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { openSource } from '../data/source.ts';
import { ClmbrError } from '../errors.ts';
import { unreadable } from '../files/input-file.ts';
import { toMicroseconds } from '../time.ts';
import type { LabelBuilder } from './builder.ts';
import { kindOfTexts, labelColumnNames, parseLabel } from './csv-values.ts';
import { firstOf, patientColumns, timeColumns } from './names.ts';
import type { LabelColumnName } from './table.ts';

/** Longer than a line with some texts; without a bound, a quotation mark that is never closed would hold the whole file. */
const maxRecordBytes = 1024 * 1024;

interface Header {
  patient: number;
  time: number;
  values: { name: LabelColumnName; at: number }[];
  /** Where the column `value` stands, or -1. */
  untyped: number;
}

interface Cell {
  row: number;
  text: string;
  line: number;
}

/**
 * Adds the rows of a CSV file with a header line. Columns go by the names of MEDS; a column `value` (as in EHRSHOT's files) counts as the column
 * of the first type that fits all of it: boolean, integer, float, categorical.
 */
export async function readCsvLabels(path: string, builder: LabelBuilder, signal?: AbortSignal): Promise<void> {
  const source = await openSource(path);
  const parser = parse({
    bom: true,
    info: true,
    max_record_size: maxRecordBytes,
    // Lines of a file that several programs wrote end in several ways.
    record_delimiter: ['\r\n', '\n', '\r'],
    skip_empty_lines: true,
    trim: true,
  });
  const text = strictUtf8(path);
  source.on('error', (cause) => parser.destroy(unreadable(path, cause)));
  text.on('error', (error) => parser.destroy(error));
  source.pipe(text).pipe(parser);
  let header: Header | undefined;
  const untyped: Cell[] = [];
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      signal?.throwIfAborted();
      if (header === undefined) {
        header = readHeader(record, path);
        continue;
      }
      const row = builder.length;
      const text = addRow(record, header, `${path}:${info.lines}`, builder);
      if (text !== '') untyped.push({ row, text, line: info.lines });
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = typeof error.lines === 'number' ? `:${error.lines}` : '';
    // Its message may quote the line.
    throw new ClmbrError(
      'INVALID_INPUT',
      `${path}${line}: expected comma-separated values, as many as in the header line, found something else (${error.code}).`,
    );
  } finally {
    for (const stream of [source, text, parser]) stream.destroy();
  }
  if (header === undefined)
    throw new ClmbrError('INVALID_INPUT', `${path}: expected a header line, found an empty file.`);
  addUntyped(untyped, path, builder);
}

/** Passes bytes on unless they are no text: with characters replaced, a patient or a label would be another one. */
function strictUtf8(path: string): Transform {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const check = (done: TransformCallback, bytes?: Buffer): void => {
    try {
      decoder.decode(bytes, { stream: bytes !== undefined });
    } catch {
      return done(new ClmbrError('INVALID_INPUT', `${path}: expected a CSV file in UTF-8, found other bytes.`));
    }
    done(null, bytes);
  };
  return new Transform({
    transform: (bytes: Buffer, _, done) => check(done, bytes),
    flush: (done) => check(done),
  });
}

function readHeader(names: readonly string[], path: string): Header {
  const patient = firstOf(patientColumns, names);
  const time = firstOf(timeColumns, names);
  if (patient === undefined || time === undefined) {
    const [missing, wanted] = patient === undefined ? ['patient', patientColumns] : ['time', timeColumns];
    throw new ClmbrError(
      'INVALID_INPUT',
      `${path}:1: expected a header line with a column for the ${missing} (${wanted.join(', ')}), found none in ${names.length} columns.`,
    );
  }
  const twice = [patient, time, ...labelColumnNames, 'value'].find(
    (name) => names.indexOf(name) !== names.lastIndexOf(name),
  );
  if (twice !== undefined)
    throw new ClmbrError('INVALID_INPUT', `${path}:1: expected one column named ${twice}, found several.`);
  const values = labelColumnNames.map((name) => ({ name, at: names.indexOf(name) })).filter(({ at }) => at >= 0);
  return { patient: names.indexOf(patient), time: names.indexOf(time), values, untyped: names.indexOf('value') };
}

/** Adds a row; gives back the text under `value`, where there is one and no column of MEDS. */
function addRow(record: readonly string[], header: Header, where: string, builder: LabelBuilder): string {
  const id = record[header.patient]!;
  if (id === '') throw new ClmbrError('INVALID_INPUT', `${where}: expected a patient, found none.`);
  const row = builder.length;
  builder.add(id, toMicroseconds(record[header.time]!, `${where}: the label's time`));
  for (const { name, at } of header.values) {
    const text = record[at]!;
    if (text !== '') builder.set(name, row, parseLabel(name, text, where));
  }
  return header.values.length === 0 && header.untyped >= 0 ? record[header.untyped]! : '';
}

function addUntyped(cells: readonly Cell[], path: string, builder: LabelBuilder): void {
  if (cells.length === 0) return;
  const name = kindOfTexts(cells.map(({ text }) => text));
  for (const { row, text, line } of cells) builder.set(name, row, parseLabel(name, text, `${path}:${line}`));
}
