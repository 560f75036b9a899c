import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ColumnSource } from 'hyparquet-writer';
import type { AtomicFile } from '../files/atomic-write.ts';
import type { SchemaElement } from './parquet-fields.ts';
import type { OutputMetadata } from './metadata.ts';
import { writeVectorColumn } from './vector-column.ts';
import type { Vectors } from './vector-column.ts';

/** Key of the metadata in a Parquet file: a JSON text. */
export const metadataKey = 'clmbr';

/** Writes groups of rows to a file, one at a time. */
export class ParquetSink {
  readonly #writer: ParquetWriter;
  readonly #bytes: ReturnType<typeof bytesTo>;

  constructor(file: AtomicFile, columns: readonly SchemaElement[], metadata: OutputMetadata | undefined) {
    // Fields inside of others follow them in the list, and are counted with those only.
    const children = columns.reduce((sum, { num_children: inside = 0 }) => sum + inside, 0);
    this.#bytes = bytesTo(file);
    this.#writer = new ParquetWriter({
      writer: this.#bytes,
      schema: [{ name: 'schema', num_children: columns.length - children }, ...columns],
      createdBy: 'clmbr',
      ...(metadata === undefined ? {} : { kvMetadata: [{ key: metadataKey, value: JSON.stringify(metadata) }] }),
    });
  }

  /** @param vectors the last column, where there is one of vectors */
  async group(columnData: ColumnSource[], rows: number, vectors?: Vectors): Promise<void> {
    if (rows === 0) return;
    await this.#writer.write({ columnData, rowGroupSize: rows });
    if (vectors === undefined) return;
    writeVectorColumn(this.#writer, this.#bytes, vectors);
    await this.#bytes.flush();
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
