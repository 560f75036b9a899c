/**
 * Vectors of one width as a column of lists in a Parquet file. The library would do it number by number; here the numbers go out as they lie in
 * memory, and the levels, which say where a list begins, are the same few bytes for every row.
 */
import type { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { byteOrder } from './npy.ts';
import { required } from './parquet-fields.ts';
import type { SchemaElement } from './parquet-fields.ts';

export const vectorName = 'representation';

export const vectorSchema: SchemaElement[] = [
  required(vectorName, { num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } }),
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  required('element', { type: 'FLOAT' }),
];

/** Rows of vectors, one after the other. */
export interface Vectors {
  data: Float32Array;
  dimensions: number;
}

const pageBytes = 1024 * 1024;

/** Appends the column to the group of rows that was written last. It must be the last one of the schema. */
export function writeVectorColumn(writer: ParquetWriter, bytes: ByteWriter, { data, dimensions }: Vectors): void {
  const group = writer.row_groups.at(-1)!;
  const rows = data.length / dimensions;
  const rowsOfPage = Math.max(1, Math.floor(pageBytes / (4 * dimensions)));
  const start = bytes.offset;
  const locations = [];
  for (let first = 0; first < rows; first += rowsOfPage) {
    const offset = bytes.offset;
    const end = Math.min(rows, first + rowsOfPage);
    writePage(bytes, data.subarray(first * dimensions, end * dimensions), dimensions);
    locations.push({
      ...{ offset: BigInt(offset), compressed_page_size: bytes.offset - offset, first_row_index: BigInt(first) },
    });
  }
  const size = BigInt(bytes.offset - start);
  const chunk: (typeof group.columns)[number] = {
    file_offset: BigInt(start),
    meta_data: {
      ...{ type: 'FLOAT', encodings: ['PLAIN', 'RLE'], codec: 'UNCOMPRESSED' },
      path_in_schema: vectorSchema.map(({ name }) => name),
      ...{ num_values: BigInt(data.length), total_uncompressed_size: size, total_compressed_size: size },
      data_page_offset: BigInt(start),
    },
  };
  group.columns.push(chunk);
  group.total_byte_size += size;
  group.total_compressed_size = (group.total_compressed_size ?? 0n) + size;
  writer.pendingIndexes.push({ chunk, offsetIndex: { page_locations: locations } });
}

function writePage(bytes: ByteWriter, data: Float32Array, dimensions: number): void {
  const rows = data.length / dimensions;
  // Level 0 at the first number of each row, 1 at the others; and a number everywhere.
  const row = [...run(1, 0), ...(dimensions > 1 ? run(dimensions - 1, 1) : [])];
  const repetitions = Buffer.alloc(rows * row.length, Uint8Array.from(row));
  const definitions = Uint8Array.from(run(data.length, 1));
  const numbers = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const size = repetitions.length + definitions.length + numbers.length;
  writePageHeader(bytes, {
    ...{ type: 'DATA_PAGE_V2', uncompressed_page_size: size, compressed_page_size: size },
    data_page_header_v2: {
      ...{ num_values: data.length, num_nulls: 0, num_rows: rows, encoding: 'PLAIN', is_compressed: false },
      definition_levels_byte_length: definitions.length,
      repetition_levels_byte_length: repetitions.length,
    },
  });
  bytes.appendBytes(repetitions);
  bytes.appendBytes(definitions);
  bytes.appendBytes(byteOrder === '<' ? numbers : Buffer.from(numbers).swap32());
}

/** So many times the same level of one bit, as Parquet's run-length encoding writes it. */
function run(length: number, level: 0 | 1): number[] {
  const bytes = [];
  let rest = length * 2;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest, level];
}
