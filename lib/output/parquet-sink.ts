import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ColumnSource } from 'hyparquet-writer';
import type { AtomicFile } from '../files/atomic-write.ts';
import type { OutputMetadata } from './metadata.ts';

/** A field of a Parquet schema, as the format describes it. */
export type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

type FieldType = Omit<SchemaElement, 'name'>;

export const int32: FieldType = { type: 'INT32' };
export const int64: FieldType = { type: 'INT64' };
export const float64: FieldType = { type: 'DOUBLE' };
export const boolean: FieldType = { type: 'BOOLEAN' };
export const text: FieldType = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } };
/** In microseconds and without a time zone, as MEDS has it. */
export const timestamp: FieldType = {
  type: 'INT64',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' },
};

export function required(name: string, type: FieldType): SchemaElement {
  return { name, ...type, repetition_type: 'REQUIRED' };
}

/** May be null. */
export function optional(name: string, type: FieldType): SchemaElement {
  return { name, ...type, repetition_type: 'OPTIONAL' };
}

/** Key of the metadata in a Parquet file: a JSON text. */
export const metadataKey = 'clmbr';

/** Writes groups of rows to a file, one at a time. */
export class ParquetSink {
  readonly #writer: ParquetWriter;

  constructor(file: AtomicFile, columns: readonly SchemaElement[], metadata: OutputMetadata | undefined) {
    // Fields inside of others follow them in the list, and are counted with those only.
    const children = columns.reduce((sum, { num_children: inside = 0 }) => sum + inside, 0);
    this.#writer = new ParquetWriter({
      writer: bytesTo(file),
      schema: [{ name: 'schema', num_children: columns.length - children }, ...columns],
      createdBy: 'clmbr',
      ...(metadata === undefined ? {} : { kvMetadata: [{ key: metadataKey, value: JSON.stringify(metadata) }] }),
    });
  }

  async group(columnData: ColumnSource[], rows: number): Promise<void> {
    if (rows > 0) await this.#writer.write({ columnData, rowGroupSize: rows });
  }

  async finish(): Promise<void> {
    await this.#writer.finish();
  }
}

/** Hands on what was written after each group of rows. */
function bytesTo(file: AtomicFile) {
  const bytes = new ByteWriter();
  const flush = async (): Promise<void> => {
    await file.write(bytes.getBytes());
    // The offset in the file goes on, the place in the buffer begins again.
    bytes.index = 0;
  };
  return Object.assign(bytes, { flush, finish: flush });
}
