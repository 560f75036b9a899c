import { ClmbrError } from '../../errors.ts';
import { printable } from '../../files/quoted.ts';

export interface Column {
  /** As the file has it. */
  name: string;
  /** The column in SQL. */
  sql: string;
  /** DuckDB's name of its type. */
  type: string;
}

/** Columns of a table by the CDM's names. */
export type Columns = ReadonlyMap<string, Column>;

/** `date(birth_datetime,'unixepoch')`: what an export of SQLite calls a column that it formatted. */
const formatted = /^[a-z_]+\(\s*["'`[]?([a-z_]\w*)["'`\]]?\s*[,)]/;

/**
 * Columns by their names in small letters. A name that is an expression over a column counts as that column unless that is there too.
 *
 * @param where the file or table, for the message
 * @throws ClmbrError `INVALID_INPUT` when two columns have the same name
 */
export function byCdmName(columns: readonly Column[], where: string): Columns {
  const found = new Map<string, Column>();
  const expressions: [string, Column][] = [];
  for (const column of columns) {
    const name = column.name.trim().toLowerCase();
    const inner = formatted.exec(name)?.[1];
    if (inner !== undefined) expressions.push([inner, column]);
    else if (!found.has(name)) found.set(name, column);
    else if (name !== '')
      throw new ClmbrError('INVALID_INPUT', `${where}: expected each column once, found ${printable(name)} twice.`);
  }
  for (const [name, column] of expressions) if (!found.has(name)) found.set(name, column);
  return found;
}
