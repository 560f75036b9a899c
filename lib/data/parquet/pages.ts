import type { DataPageHeader, Encoding, PageHeader } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import type { InputFile } from '../../files/input-file.ts';
import { decompress, maxPageBytes } from './codec.ts';
import { ParquetFault } from './errors.ts';
import type { ColumnChunk } from './footer.ts';
import { assertLeft, cursorOf, readHybrid } from './levels.ts';
import type { ByteCursor } from './levels.ts';
import type { ParquetColumn } from './schema.ts';

/** A page as it lies in the file, decompressed and not yet decoded. */
export interface RawPage {
  isDictionary: boolean;
  encoding: Encoding;
  /** Values and gaps. */
  count: number;
  /** How deep each entry is repeated; undefined where nothing repeats. */
  repetition: Uint8Array | undefined;
  /** How much of the path of each entry is there; undefined where all is. */
  definition: Uint8Array | undefined;
  /** Stands at the first value. */
  values: ByteCursor;
}

const windowBytes = 256 * 1024;
/** Most headers take some 30 bytes; with statistics of long texts they grow. */
const firstHeaderBytes = 512;
const maxHeaderBytes = 64 * 1024;
/** More rows in one page than any writer makes, and few enough to be held. */
const maxPageValues = 2 ** 25;

/** The pages of one column in one row group, one after the other. */
export class PageReader {
  readonly #file: InputFile;
  readonly #chunk: ColumnChunk;
  readonly #column: ParquetColumn;
  #position: number;
  #window = new Uint8Array(0);
  #windowStart = 0;

  constructor(file: InputFile, chunk: ColumnChunk, column: ParquetColumn) {
    this.#file = file;
    this.#chunk = chunk;
    this.#column = column;
    this.#position = chunk.start;
  }

  /** Undefined after the last page. The bytes of a page hold until the next one is asked for. */
  async next(): Promise<RawPage | undefined> {
    for (;;) {
      if (this.#position >= this.#chunk.end) return undefined;
      const header = await this.#header();
      const length = header.compressed_page_size;
      if (!(length >= 0 && length <= Math.min(this.#chunk.end - this.#position, maxPageBytes))) {
        throw new ParquetFault('a page that reaches out of its column');
      }
      const bytes = await this.#bytes(length);
      this.#position += length;
      const page = this.#read(header, bytes);
      if (page !== undefined) return page;
    }
  }

  async #header(): Promise<PageHeader> {
    const left = this.#chunk.end - this.#position;
    for (let length = firstHeaderBytes; ; length *= 8) {
      const bytes = await this.#bytes(Math.min(length, left));
      const reader = { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset: 0 };
      try {
        const header = parquetHeader(reader);
        this.#position += reader.offset;
        return header;
      } catch (error) {
        if (length >= Math.min(left, maxHeaderBytes)) throw error;
      }
    }
  }

  /** Bytes from the current position on, which is not moved. */
  async #bytes(length: number): Promise<Uint8Array> {
    const offset = this.#position - this.#windowStart;
    if (this.#window.length === 0 || offset + length > this.#window.length) {
      const size = Math.min(Math.max(length, windowBytes), this.#chunk.end - this.#position);
      const window = new Uint8Array(size);
      await this.#file.read(window, this.#position);
      this.#window = window;
      this.#windowStart = this.#position;
      return window.subarray(0, length);
    }
    return this.#window.subarray(offset, offset + length);
  }

  #read(header: PageHeader, bytes: Uint8Array): RawPage | undefined {
    const { codec } = this.#chunk;
    const length = header.uncompressed_page_size;
    if (header.type === 'DICTIONARY_PAGE' && header.dictionary_page_header !== undefined) {
      const { num_values: count } = header.dictionary_page_header;
      const values = cursorOf(decompress(codec, bytes, length));
      return {
        isDictionary: true,
        encoding: 'PLAIN',
        count: toCount(count),
        repetition: undefined,
        definition: undefined,
        values,
      };
    }
    if (header.type === 'DATA_PAGE' && header.data_page_header !== undefined) {
      return this.#first(header.data_page_header, decompress(codec, bytes, length));
    }
    if (header.type === 'DATA_PAGE_V2' && header.data_page_header_v2 !== undefined) {
      return this.#second(header.data_page_header_v2, bytes, length);
    }
    if (header.type === 'INDEX_PAGE') return undefined;
    throw new ParquetFault('a page of an unknown kind');
  }

  #first(header: DataPageHeader, bytes: Uint8Array): RawPage {
    const { maxRepetition, maxDefinition } = this.#column;
    const values = cursorOf(bytes);
    const count = toCount(header.num_values);
    const read = (max: number, encoding: Encoding): Uint8Array | undefined => {
      if (max === 0) return undefined;
      if (encoding !== 'RLE') throw new ParquetFault(`levels encoded as ${encoding}, which is not read`);
      assertLeft(values, 4);
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(values.offset, true);
      values.offset += 4;
      assertLeft(values, length);
      const levels = readLevels(values, length, max, count);
      values.offset += length;
      return levels;
    };
    const repetition = read(maxRepetition, header.repetition_level_encoding);
    const definition = read(maxDefinition, header.definition_level_encoding);
    return { isDictionary: false, encoding: header.encoding, count, repetition, definition, values };
  }

  /** Levels are not compressed and have no lengths of their own. */
  #second(header: NonNullable<PageHeader['data_page_header_v2']>, bytes: Uint8Array, length: number): RawPage {
    const { maxRepetition, maxDefinition } = this.#column;
    const { repetition_levels_byte_length: first, definition_levels_byte_length: second } = header;
    const levels = cursorOf(bytes);
    const count = toCount(header.num_values);
    assertLeft(levels, first);
    assertLeft(levels, second);
    assertLeft(levels, first + second);
    const repetition = maxRepetition === 0 ? undefined : readLevels(levels, first, maxRepetition, count);
    levels.offset = first;
    const definition = maxDefinition === 0 ? undefined : readLevels(levels, second, maxDefinition, count);
    const rest = bytes.subarray(first + second);
    const compressed = header.is_compressed !== false;
    const values = cursorOf(compressed ? decompress(this.#chunk.codec, rest, length - first - second) : rest);
    return { isDictionary: false, encoding: header.encoding, count, repetition, definition, values };
  }
}

function readLevels({ bytes, offset }: ByteCursor, length: number, max: number, count: number): Uint8Array {
  const levels = new Uint8Array(count);
  readHybrid({ bytes, offset, end: offset + length }, 32 - Math.clz32(max), levels);
  return levels;
}

function toCount(value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= maxPageValues) return value;
  throw new ParquetFault('a page without a usable number of values');
}
