import type { ClmbrError } from '../../errors.ts';
import { InputFile } from '../../files/input-file.ts';
import type { HeapBudget } from '../../heap.ts';
import type { ColumnKind } from './convert.ts';
import { converterOf } from './convert.ts';
import { ColumnReader } from './column-reader.ts';
import type { ColumnSlice } from './column-reader.ts';
import { asInvalidParquet, invalidParquet } from './errors.ts';
import { readLayout } from './footer.ts';
import type { ParquetLayout, RowGroup } from './footer.ts';
import { readTextLists } from './lists.ts';
import { PageReader } from './pages.ts';
import { nameOf, typeOf } from './schema.ts';
import type { ParquetColumn } from './schema.ts';
import { TextTable } from './texts.ts';

/** Rows of several columns at once. */
export interface Batch<Wanted extends Record<string, ColumnKind>> {
  /** Of the first row, counting from 0 in the file. */
  firstRow: number;
  rows: number;
  columns: { [Key in keyof Wanted]: ColumnSlice<Wanted[Key]> };
}

/** Bounds what is held at a time, together with a page of each column. */
const maxBatchRows = 16_384;
/** What an empty list takes. */
const rowBytes = 64;

const expectations: Record<ColumnKind, string> = {
  int64: 'whole numbers (int64)',
  microseconds: 'a timestamp',
  float32: 'numbers (float32)',
  float64: 'numbers (float64)',
  boolean: 'boolean',
  text: 'text',
};

/** A Parquet file that is read by columns. Memory is bounded by a page of each column, whatever the size of row groups. */
export class ParquetFile {
  readonly path: string;
  readonly rows: number;
  readonly size: number;
  readonly #file: InputFile;
  readonly #layout: ParquetLayout;
  readonly #tables: Map<string, TextTable>;

  private constructor(file: InputFile, layout: ParquetLayout, tables: Map<string, TextTable>) {
    this.path = file.path;
    this.size = file.size;
    this.rows = layout.rows;
    this.#file = file;
    this.#layout = layout;
    this.#tables = tables;
  }

  /**
   * @param tables texts by column name, to share strings between files
   * @throws ClmbrError `FILE_UNREADABLE`; `INVALID_INPUT` where it is not a Parquet file
   */
  static async open(path: string, tables: Map<string, TextTable> = new Map()): Promise<ParquetFile> {
    const file = await InputFile.open(path);
    try {
      return new ParquetFile(file, await readLayout(file), tables);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Names of the columns, nested ones by their first name. */
  get columnNames(): string[] {
    return [...new Set(this.#layout.columns.map(({ path }) => path[0]!))];
  }

  /** Whether there is a column of that name with one value a row that can be read as a kind. */
  canRead(name: string, kind: ColumnKind): boolean {
    const column = this.#layout.columns.find(({ path }) => path.length === 1 && path[0] === name);
    return column !== undefined && converterOf(column, kind) !== undefined;
  }

  /**
   * All rows, some thousand at a time.
   *
   * @param wanted the kind of each column that is read
   * @throws ClmbrError `INVALID_INPUT` that names file and column where one is missing, of another type, or broken; `FILE_UNREADABLE`
   */
  async *batches<Wanted extends Record<string, ColumnKind>>(
    wanted: Wanted,
  ): AsyncGenerator<Batch<Wanted>, void, undefined> {
    const names = Object.keys(wanted);
    const columns = names.map((name) => this.#wanted(name, wanted[name]!));
    let firstRow = 0;
    for (const [index, group] of this.#layout.rowGroups.entries()) {
      const readers = columns.map(({ column, convert }) => {
        const pages = new PageReader(this.#file, group.chunks[column.index]!, column);
        return new ColumnReader(pages, column, convert, this.#tableOf(column));
      });
      for (let done = 0; done < group.rows; ) {
        let rows = Math.min(maxBatchRows, group.rows - done);
        for (const [i, reader] of readers.entries()) {
          const there = await this.#decoding(columns[i]!.column, index, () => reader.available());
          if (there === 0) throw this.#tooShort(columns[i]!.column, index, group);
          rows = Math.min(rows, there);
        }
        const slices = readers.map((reader, i) => [names[i]!, reader.take(rows)]);
        yield { firstRow, rows, columns: Object.fromEntries(slices) as Batch<Wanted>['columns'] };
        done += rows;
        firstRow += rows;
      }
    }
    await this.#file.assertUnchanged();
  }

  /**
   * All rows of a column of texts or lists of texts: empty where there is none. The whole column is held, within a budget.
   *
   * @throws ClmbrError as `batches`
   */
  async textLists(name: string, budget: HeapBudget): Promise<string[][]> {
    const column = this.#layout.columns.find(({ path }) => path[0] === name);
    if (column === undefined || column.element.type !== 'BYTE_ARRAY') throw this.#mistyped(name, 'lists of text');
    budget.take(this.rows * rowBytes);
    const rows: string[][] = [];
    for (const [index, group] of this.#layout.rowGroups.entries()) {
      const pages = new PageReader(this.#file, group.chunks[column.index]!, column);
      const table = this.#tableOf(column);
      const read = () => readTextLists(pages, column, table, group.rows, budget);
      const lists = await this.#decoding(column, index, read);
      if (lists?.length !== group.rows) throw this.#tooShort(column, index, group);
      for (const list of lists) rows.push(list);
    }
    await this.#file.assertUnchanged();
    return rows;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #wanted(name: string, kind: ColumnKind) {
    const column = this.#layout.columns.find(({ path }) => path.length === 1 && path[0] === name);
    const convert = column === undefined ? undefined : converterOf(column, kind);
    if (column === undefined || convert === undefined) throw this.#mistyped(name, expectations[kind]);
    return { column, convert };
  }

  #mistyped(name: string, expected: string): ClmbrError {
    const column = this.#layout.columns.find(({ path }) => path[0] === name);
    const found = column === undefined ? 'no such column' : column.path.length > 1 ? 'a nested column' : typeOf(column);
    return invalidParquet(this.path, `column ${name}: expected ${expected}, found ${found}`, { column: name });
  }

  #tooShort(column: ParquetColumn, group: number, { rows }: RowGroup): ClmbrError {
    const where = `column ${nameOf(column)}, row group ${group}`;
    return invalidParquet(this.path, `${where}: expected ${rows} rows, found another number of them`);
  }

  #tableOf({ path }: ParquetColumn): TextTable {
    const name = path.join('.');
    const table = this.#tables.get(name) ?? new TextTable();
    this.#tables.set(name, table);
    return table;
  }

  async #decoding<T>(column: ParquetColumn, group: number, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw asInvalidParquet(error, this.path, `column ${nameOf(column)}, row group ${group}`);
    }
  }
}
