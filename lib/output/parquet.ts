import type { ColumnSource } from 'hyparquet-writer';
import { hasRowNumbers } from './metadata.ts';
import { boolean, float64, int32, int64, optional, required, text, timestamp } from './parquet-fields.ts';
import type { SchemaElement } from './parquet-fields.ts';
import { ParquetSink } from './parquet-sink.ts';
import type { RowSource } from './row-source.ts';
import type { LabelName, LabelValue, OutputRow, WrittenFile } from './rows.ts';
import type { RowSummary } from './summary.ts';
import { writeFile } from './target.ts';
import type { Target } from './target.ts';
import { vectorSchema } from './vector-column.ts';
import type { Vectors } from './vector-column.ts';

/** Bytes of the vectors in a group of rows: readers hold a group, or this writer, in several times its size. */
const groupBytes = 8 * 1024 * 1024;
const mostGroupRows = 65_536;

/**
 * Writes rows as Parquet: `subject_id` (int64 when all identifiers are whole numbers, else text), `prediction_time` timestamp in microseconds or
 * null, the labels under the name of their column, `tokens` int32, `truncated`, `dropped` int32, `row` int64 for shards, and `representation`, a
 * list of float32. Metadata is under the key `clmbr`.
 */
export async function writeParquet(source: RowSource, target: Target): Promise<WrittenFile> {
  const { settings, path, signal } = target;
  const columns = columnsOf(source.summary, settings.label, hasRowNumbers(settings));
  const width = source.summary.dimensions ?? settings.dimensions ?? 0;
  const mostRows = Math.max(1, Math.min(mostGroupRows, Math.floor(groupBytes / (4 * width))));
  const bytes = await writeFile(target, path, undefined, async (file) => {
    const schema = [...columns.map(({ field }) => field), ...vectorSchema];
    const sink = new ParquetSink(file, schema, settings.metadata);
    let group = new RowGroup(mostRows, width);
    const writeGroup = () => sink.group(group.columnData(columns), group.rows.length, group.vectors);
    for await (const { rows, data, dimensions, positions } of source.batches()) {
      for (const [i, row] of rows.entries()) {
        group.add(row, positions[i]!, data.subarray(i * dimensions, (i + 1) * dimensions));
        if (group.rows.length < mostRows) continue;
        signal?.throwIfAborted();
        await writeGroup();
        group = new RowGroup(mostRows, width);
      }
    }
    await writeGroup();
    await sink.finish();
  });
  return { rows: source.summary.rows, bytes };
}

class RowGroup {
  readonly rows: OutputRow[] = [];
  readonly positions: number[] = [];
  readonly #data: Float32Array;
  readonly #width: number;

  constructor(mostRows: number, width: number) {
    this.#data = new Float32Array(mostRows * width);
    this.#width = width;
  }

  add(row: OutputRow, position: number, vector: Float32Array): void {
    this.#data.set(vector, this.rows.length * this.#width);
    this.rows.push(row);
    this.positions.push(position);
  }

  get vectors(): Vectors {
    return { data: this.#data.subarray(0, this.rows.length * this.#width), dimensions: this.#width };
  }

  columnData(columns: readonly ParquetColumn[]): ColumnSource[] {
    return columns.map(({ field, values }) => ({ name: field.name, data: values(this) }));
  }
}

interface ParquetColumn {
  field: SchemaElement;
  values: (group: RowGroup) => unknown[];
}

function columnsOf(summary: RowSummary, label: LabelName | undefined, withRowNumbers: boolean): ParquetColumn[] {
  const columns: ParquetColumn[] = [
    summary.integerIds
      ? ofRows(required('subject_id', int64), ({ patient }) => BigInt(patient))
      : ofRows(required('subject_id', text), ({ patient }) => String(patient)),
    ofRows(optional('prediction_time', timestamp), ({ time }) => time),
  ];
  if (label !== undefined) columns.push(labelColumn(label));
  columns.push(
    ofRows(required('tokens', int32), ({ tokens }) => tokens),
    ofRows(required('truncated', boolean), ({ truncated }) => truncated),
    ofRows(required('dropped', int32), ({ dropped }) => dropped),
  );
  if (withRowNumbers) columns.push(rowColumn);
  return columns;
}

const rowColumn: ParquetColumn = {
  field: required('row', int64),
  values: ({ positions }) => positions.map(BigInt),
};

function labelColumn(name: LabelName): ParquetColumn {
  const labels = (type: typeof int64, convert: (value: Exclude<LabelValue, null>) => unknown) =>
    ofRows(optional(name, type), ({ label }) => (label === null || label === undefined ? null : convert(label)));
  switch (name) {
    case 'boolean_value':
      return labels(boolean, Boolean);
    case 'integer_value':
      return labels(int64, BigInt);
    case 'float_value':
      return labels(float64, Number);
    case 'categorical_value':
      return labels(text, String);
  }
}

function ofRows(field: SchemaElement, value: (row: OutputRow) => unknown): ParquetColumn {
  return { field, values: ({ rows }) => rows.map(value) };
}
