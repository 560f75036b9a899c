import { invalidParquet, ParquetFile } from '../data/parquet/index.ts';
import type { Batch, ColumnKind, ColumnSlice } from '../data/parquet/index.ts';
import { notATime, toMicroseconds } from '../time.ts';
import type { LabelBuilder } from './builder.ts';
import { firstOf, patientColumns, timeColumns } from './names.ts';

const kinds = {
  boolean_value: 'boolean',
  integer_value: 'int64',
  float_value: 'float64',
  categorical_value: 'text',
} as const;

type Columns = Batch<Record<string, ColumnKind>>['columns'];

/** Adds the rows of a MEDS label file. */
export async function readParquetLabels(path: string, builder: LabelBuilder, signal?: AbortSignal): Promise<void> {
  const file = await ParquetFile.open(path);
  try {
    builder.assertRoom(file.rows);
    const names = file.columnNames;
    const patient = firstOf(patientColumns, names) ?? patientColumns[0];
    const time = firstOf(timeColumns, names) ?? timeColumns[0];
    const wanted: Record<string, ColumnKind> = {
      [patient]: file.canRead(patient, 'text') ? 'text' : 'int64',
      [time]: file.canRead(time, 'text') ? 'text' : 'microseconds',
    };
    for (const [name, kind] of Object.entries(kinds)) if (names.includes(name)) wanted[name] = kind;
    for await (const { firstRow, rows, columns } of file.batches(wanted)) {
      signal?.throwIfAborted();
      for (let i = 0; i < rows; i++) {
        const at = (name: string) => `row ${firstRow + i} (counting from 0), column ${name}`;
        const id = valueAt(columns[patient] as ColumnSlice<'text' | 'int64'>, i);
        const when = valueAt(columns[time] as ColumnSlice<'text' | 'microseconds'>, i);
        if (id === null) throw invalidParquet(path, `${at(patient)}: expected a patient, found none`);
        if (when === null || when === notATime) throw invalidParquet(path, `${at(time)}: expected a time, found none`);
        builder.add(id, typeof when === 'bigint' ? when : toMicroseconds(when, `${path}: ${at(time)}`));
        addValues(columns, i, builder);
      }
    }
  } finally {
    await file.close();
  }
}

function addValues(columns: Columns, i: number, builder: LabelBuilder): void {
  const { boolean_value: flag, integer_value: integer, float_value: float, categorical_value: category } = columns;
  const row = builder.length - 1;
  if (flag !== undefined && flag.valid?.[i] !== 0) builder.set('boolean_value', row, flag.values[i] === 1);
  if (integer !== undefined && integer.valid?.[i] !== 0) builder.set('integer_value', row, integer.values[i] as bigint);
  if (float !== undefined && float.valid?.[i] !== 0) builder.set('float_value', row, float.values[i] as number);
  if (category !== undefined && category.valid?.[i] !== 0)
    builder.set('categorical_value', row, category.values[i] as string);
}

function valueAt(slice: ColumnSlice<'text' | 'int64' | 'microseconds'>, i: number): string | bigint | null {
  return slice.valid?.[i] === 0 ? null : (slice.values[i] ?? null);
}
