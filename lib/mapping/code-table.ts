import { ClmbrError } from '../errors.ts';
import { checkString } from '../options.ts';
import { readCsvRows } from './csv-rows.ts';

/** A user's own translation of codes: each code of the data with the codes that stand for it. */
export class CodeTable {
  readonly #targets = new Map<string, string[]>();

  /** Codes that are translated. */
  get size(): number {
    return this.#targets.size;
  }

  /** Every code that stands for another, once. */
  get targets(): Set<string> {
    return new Set([...this.#targets.values()].flat());
  }

  /** Lets `to` stand for `from`, beside those that do already. */
  add(from: string, to: string): this {
    checkString(to, 'to');
    const targets = this.#targets.get(checkString(from, 'from'));
    if (targets === undefined) this.#targets.set(from, [to]);
    else if (!targets.includes(to)) targets.push(to);
    return this;
  }

  /** In the order in which they were added; none for a code that the table does not have. */
  targetsOf(code: string): readonly string[] {
    return this.#targets.get(code) ?? [];
  }
}

/**
 * Reads a table of codes: CSV in UTF-8 with the columns `from` and `to`. Several rows with one `from` give several events for one.
 *
 * @throws ClmbrError `INVALID_INPUT` that names file and line; `FILE_UNREADABLE`
 */
export async function readCodeTable(path: string): Promise<CodeTable> {
  const table = new CodeTable();
  for (const { where, cells } of await readCsvRows(checkString(path, 'path'), { required: ['from', 'to'] })) {
    for (const column of ['from', 'to']) {
      if (cells[column] === '')
        throw new ClmbrError('INVALID_INPUT', `${where}: expected a code in column ${column}, found an empty one.`);
    }
    table.add(cells.from!, cells.to!);
  }
  return table;
}
