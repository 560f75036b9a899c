import { parquetMetadata } from 'hyparquet';
import type { ColumnMetaData, CompressionCodec } from 'hyparquet';
import { describeForeignFile, sniffLength } from '../../files/file-kind.ts';
import type { InputFile } from '../../files/input-file.ts';
import { asInvalidParquet, invalidParquet, ParquetFault } from './errors.ts';
import { columnsOf, typeOf } from './schema.ts';
import type { ParquetColumn } from './schema.ts';

/** Where the pages of a column lie in the file, for one row group. */
export interface ColumnChunk {
  codec: CompressionCodec;
  /** Bytes from the start of the file. */
  start: number;
  end: number;
}

export interface RowGroup {
  rows: number;
  /** In the order of the columns. */
  chunks: readonly ColumnChunk[];
}

export interface ParquetLayout {
  columns: readonly ParquetColumn[];
  rowGroups: readonly RowGroup[];
  rows: number;
}

const magic = 0x31524150;
const encryptedMagic = 0x45524150;
const tailBytes = 8;
/** A thousand row groups of 50 columns take less. */
const maxFooterBytes = 32 * 1024 * 1024;
/** Statistics may hold text in any script, but not this much of it without one ASCII character. */
const longestNumber = 4096;

/** None of the statistics are used. */
const nothing = (): undefined => undefined;
const parsers = {
  timestampFromMilliseconds: nothing,
  timestampFromMicroseconds: nothing,
  timestampFromNanoseconds: nothing,
  dateFromDays: nothing,
  stringFromBytes: nothing,
  jsonFromBytes: nothing,
  uuidFromBytes: nothing,
};

/**
 * Reads what a Parquet file says of itself at its end.
 *
 * @throws ClmbrError `INVALID_INPUT`, `FILE_UNREADABLE`
 */
export async function readLayout(file: InputFile): Promise<ParquetLayout> {
  const footer = await readFooter(file);
  try {
    assertBounded(footer);
    const { schema, row_groups: groups } = parquetMetadata(footer, { parsers, geoparquet: false });
    const columns = columnsOf(schema);
    const rowGroups = groups.map(({ columns: chunks, num_rows: rows }) => ({
      rows: toCount(rows, 'rows of a row group'),
      chunks: columns.map((column) => toChunk(chunks[column.index]?.meta_data, column, file.size)),
    }));
    return { columns, rowGroups, rows: rowGroups.reduce((sum, { rows }) => sum + rows, 0) };
  } catch (error) {
    throw asInvalidParquet(error, file.path, 'its footer');
  }
}

async function readFooter(file: InputFile): Promise<ArrayBuffer> {
  const tail = new DataView(new ArrayBuffer(tailBytes));
  if (file.size >= tailBytes + 4) await file.read(new Uint8Array(tail.buffer), file.size - tailBytes);
  const mark = tail.getUint32(4, true);
  if (mark === encryptedMagic) throw invalidParquet(file.path, 'expected a Parquet file, found an encrypted one');
  if (mark !== magic) throw await notParquet(file);
  const length = tail.getUint32(0, true);
  if (length > file.size - tailBytes - 4) {
    throw invalidParquet(file.path, `expected a footer inside of its ${file.size} bytes, found one of ${length}`);
  }
  if (length > maxFooterBytes) {
    throw invalidParquet(file.path, `expected a footer of at most ${maxFooterBytes} bytes, found ${length}`);
  }
  const footer = new ArrayBuffer(length + tailBytes);
  await file.read(new Uint8Array(footer), file.size - footer.byteLength);
  return footer;
}

async function notParquet(file: InputFile): Promise<Error> {
  const head = await file.head(sniffLength);
  const startsAsParquet = head.length >= 4 && Buffer.from(head.buffer, 0, 4).equals(Buffer.from('PAR1'));
  if (startsAsParquet) {
    return invalidParquet(
      file.path,
      'expected a Parquet file, found the beginning of one without its end; copy it again',
    );
  }
  const foreign = describeForeignFile(head, file.size);
  return invalidParquet(file.path, `expected a Parquet file, found ${foreign?.kind ?? 'another kind of file'}`);
}

/** Reading a number without an end takes time that grows with the square of its length. */
function assertBounded(footer: ArrayBuffer): void {
  let run = 0;
  for (const byte of new Uint8Array(footer)) {
    run = byte < 0x80 ? 0 : run + 1;
    if (run > longestNumber) throw new ParquetFault('a number does not end');
  }
}

function toChunk(data: ColumnMetaData | undefined, column: ParquetColumn, fileSize: number): ColumnChunk {
  if (data === undefined) throw new ParquetFault('a row group lacks a column');
  if (data.type !== column.element.type)
    throw new ParquetFault(`a column of ${typeOf(column)} has pages of ${data.type}`);
  // A dictionary lies before the first page with data; some writers leave out where, and others write a 0.
  const offsets = [data.data_page_offset, data.dictionary_page_offset].filter((offset) => offset !== undefined);
  const start = Math.min(...offsets.map(Number).filter((offset) => offset > 0));
  const length = toCount(data.total_compressed_size, 'bytes of a column');
  if (!Number.isSafeInteger(start) || start + length > fileSize)
    throw new ParquetFault('a column lies outside of the file');
  return { codec: data.codec, start, end: start + length };
}

function toCount(value: bigint | undefined, what: string): number {
  const count = Number(value);
  if (!Number.isSafeInteger(count) || count < 0) throw new ParquetFault(`no usable number of ${what}`);
  return count;
}
