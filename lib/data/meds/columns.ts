import { invalidParquet } from '../parquet/index.ts';
import type { Batch, ColumnSlice, ParquetFile } from '../parquet/index.ts';

/** The columns of events; those that a file lacks are undefined. */
export interface EventColumns {
  subject: ColumnSlice<'int64'>;
  time: ColumnSlice<'microseconds'>;
  code: ColumnSlice<'text'>;
  number: ColumnSlice<'float32'> | undefined;
  text: ColumnSlice<'text'> | undefined;
  unit: ColumnSlice<'text'> | undefined;
}

export interface EventBatch {
  /** Counting from 0 in the file. */
  firstRow: number;
  rows: number;
  columns: EventColumns;
}

type EventKind = 'int64' | 'microseconds' | 'text' | 'float32';

/**
 * The events of a file. Columns go by their names in MEDS; `patient_id` stands for `subject_id`, as in earlier versions, and `value` for
 * `numeric_value` or, where it holds text, for `text_value`. All other columns but `unit` are left alone.
 *
 * @throws ClmbrError `INVALID_INPUT` where a column is missing or of another type
 */
export async function* readEvents(file: ParquetFile): AsyncGenerator<EventBatch, void, undefined> {
  const names = new Set(file.columnNames);
  if (!names.has('code') && (names.has('events') || names.has('static_measurements'))) {
    throw invalidParquet(
      file.path,
      'expected a row for each event, found the nested form of MEDS before 0.3 with a row for each patient; flatten it first',
    );
  }
  const subject = !names.has('subject_id') && names.has('patient_id') ? 'patient_id' : 'subject_id';
  const number = names.has('numeric_value') ? 'numeric_value' : file.canRead('value', 'float32') ? 'value' : undefined;
  const text = names.has('text_value') ? 'text_value' : file.canRead('value', 'text') ? 'value' : undefined;
  const wanted: Record<string, EventKind> = { [subject]: 'int64', time: 'microseconds', code: 'text' };
  if (number !== undefined) wanted[number] = 'float32';
  if (text !== undefined && text !== number) wanted[text] = 'text';
  if (file.canRead('unit', 'text')) wanted.unit = 'text';
  for await (const { firstRow, rows, columns } of file.batches(wanted)) {
    yield { firstRow, rows, columns: pickColumns(columns, subject, number, text === number ? undefined : text) };
  }
}

function pickColumns(
  columns: Batch<Record<string, EventKind>>['columns'],
  subject: string,
  number: string | undefined,
  text: string | undefined,
): EventColumns {
  return {
    subject: columns[subject] as EventColumns['subject'],
    time: columns.time as EventColumns['time'],
    code: columns.code as EventColumns['code'],
    number: number === undefined ? undefined : (columns[number] as EventColumns['number']),
    text: text === undefined ? undefined : (columns[text] as EventColumns['text']),
    unit: columns.unit as EventColumns['unit'],
  };
}
