import { ClmbrError } from '../../errors.ts';
import type { Part } from './source.ts';
import { given, microseconds, number, wholeNumber } from './sql.ts';

/** What a row is: to be used, of nobody in PERSON, or (from `badColumn` on) broken in one of the columns that its {@link Plan} checks. */
export const rowState = { good: 0, unknownPerson: 1, badColumn: 2 };

/** How the rows of a part become rows of a table of ours. */
export interface Plan {
  part: Part;
  /** CDM names: `rowState.badColumn + i` says that the i-th is broken. */
  checked: readonly string[];
  /**
   * SQL that gives the columns and `state` of every row.
   *
   * @param from where the rows come from
   * @param extra further columns of it to hand on
   */
  select: (from: string, extra?: string) => string;
}

/** A column of ours out of columns of a part. */
export interface Field {
  as: string;
  /** From the raw columns, which {@link Raw.column} names. */
  sql: string;
  /** From the columns of all fields, where `sql` is not all. */
  final?: string;
  checks: readonly Check[];
}

/** SQL over raw columns and fields that holds where a row is broken, and the column to blame. */
interface Check {
  column: string;
  broken: string;
}

/** The columns of a part that fields ask for, under names that cannot meet others. */
export class Raw {
  readonly part: Part;
  readonly #selected: string[] = [];

  constructor(part: Part) {
    this.part = part;
  }

  /** The name and type of a column in SQL, or undefined where the part does not have it. */
  column(name: string | undefined): { sql: string; type: string } | undefined {
    const column = name === undefined ? undefined : this.part.columns.get(name);
    if (column === undefined) return undefined;
    const sql = `r${this.#selected.length}`;
    this.#selected.push(`${given(column.sql, column.type)} AS ${sql}`);
    return { sql, type: column.type };
  }

  /** @throws ClmbrError `INVALID_INPUT` when the part has none of the columns */
  require(...names: readonly string[]): void {
    if (names.some((name) => this.part.columns.has(name))) return;
    throw new ClmbrError(
      'INVALID_INPUT',
      `${this.part.label}: expected a column ${names.join(' or ')}, found ${this.part.columns.size} others.`,
    );
  }

  plan(fields: readonly Field[]): Plan {
    const checks = fields.flatMap((field) => field.checks);
    const flags = checks.map(({ broken }, i) => `WHEN ${broken} THEN ${rowState.badColumn + i}`);
    const state = `CASE ${flags.join(' ')} ELSE ${rowState.good} END`;
    const values = fields.map(({ as, sql }) => `${sql} AS ${as}`).join(', ');
    const results = fields.map(({ as, final }) => (final === undefined ? as : `${final} AS ${as}`)).join(', ');
    // Casts are made once, in the query between: checks and results use the same.
    return {
      part: this.part,
      checked: checks.map(({ column }) => column),
      select: (from, extra = '') =>
        `SELECT ${results}, CAST(${state} AS UTINYINT) AS state${extra}
         FROM (SELECT *, ${values} FROM (SELECT ${this.#selected.join(', ')}${extra} FROM ${from}))`,
    };
  }
}

/** A fixed number for every row. */
export function constant(as: string, value: number): Field {
  return { as, sql: String(value), checks: [] };
}

/** A column that every row must have, with a whole number in it. */
export function requiredId(raw: Raw, as: string, name: string): Field {
  raw.require(name);
  const column = raw.column(name)!;
  return { as, sql: wholeNumber(column.sql, column.type), checks: [{ column: name, broken: `${as} IS NULL` }] };
}

/** A concept's identifier; 0 where there is none, so that joins compare plain numbers. */
export function concept(raw: Raw, as: string, name: string | undefined): Field {
  const column = raw.column(name);
  if (column === undefined) return constant(as, 0);
  const broken = `${column.sql} IS NOT NULL AND ${as} IS NULL`;
  return {
    as,
    sql: wholeNumber(column.sql, column.type),
    final: `coalesce(${as}, 0)`,
    checks: [{ column: name!, broken }],
  };
}

/** The row's own number, for the order of rows that are alike otherwise; a text counts by its hash. */
export function rowKey(raw: Raw, as: string, name: string | undefined): Field {
  const column = raw.column(name);
  if (column === undefined) return constant(as, 0);
  const hash = `CAST(hash(CAST(${column.sql} AS VARCHAR)) >> 1 AS BIGINT)`;
  const sql = `CASE WHEN ${column.sql} IS NULL THEN 0 ELSE coalesce(TRY_CAST(${column.sql} AS BIGINT), ${hash}) END`;
  return { as, sql, checks: [] };
}

/** Microseconds, from the column with the time of day where it is given, else from the date alone: its midnight. */
export function time(
  raw: Raw,
  as: string,
  names: readonly [time: string, date: string] | undefined,
  isRequired: boolean,
): Field {
  if (isRequired) raw.require(...names!);
  const [precise, date] = [raw.column(names?.[0]), raw.column(names?.[1])];
  const at = (column: { sql: string; type: string } | undefined) =>
    column === undefined ? 'NULL' : microseconds(column.sql, column.type);
  const checks: Check[] = [];
  if (precise !== undefined) checks.push({ column: names![0], broken: `${precise.sql} IS NOT NULL AND ${as} IS NULL` });
  if (isRequired) checks.push({ column: date === undefined ? names![0] : names![1], broken: `${as} IS NULL` });
  else if (date !== undefined) checks.push({ column: names![1], broken: `${date.sql} IS NOT NULL AND ${as} IS NULL` });
  const sql =
    precise === undefined ? at(date) : `CASE WHEN ${precise.sql} IS NOT NULL THEN ${at(precise)} ELSE ${at(date)} END`;
  return { as, sql: `CAST(${sql} AS BIGINT)`, checks };
}

/** A number, or null. */
export function numberField(raw: Raw, as: string, name: string | undefined): Field {
  const column = raw.column(name);
  if (column === undefined) return { as, sql: 'CAST(NULL AS DOUBLE)', checks: [] };
  const broken = `${column.sql} IS NOT NULL AND ${as} IS NULL`;
  // Texts may say NaN too, and mean that there is no number.
  return {
    as,
    sql: number(column.sql),
    final: `CASE WHEN isnan(${as}) THEN NULL ELSE ${as} END`,
    checks: [{ column: name!, broken }],
  };
}

/** A text, or null. */
export function textField(raw: Raw, as: string, name: string | undefined): Field {
  const column = raw.column(name);
  return { as, sql: `CAST(${column?.sql ?? 'NULL'} AS VARCHAR)`, checks: [] };
}

/** The moment of birth: as it is given, else from year, month and day, where January and the first stand for what is missing. */
export function birth(raw: Raw, as: string): Field {
  raw.require('birth_datetime', 'year_of_birth');
  const moment = raw.column('birth_datetime');
  const [year, month, day] = ['year_of_birth', 'month_of_birth', 'day_of_birth'].map((name) => {
    const column = raw.column(name);
    return {
      given: column?.sql ?? 'NULL',
      value: column === undefined ? 'NULL' : wholeNumber(column.sql, column.type),
    };
  });
  const date = `TRY(make_date(${year!.value}, coalesce(${month!.value}, 1), coalesce(${day!.value}, 1)))`;
  const fromDate = `epoch_us(CAST(${date} AS TIMESTAMP))`;
  const noMoment = moment === undefined ? 'true' : `${moment.sql} IS NULL`;
  const isYear = `${noMoment} AND ${year!.given} IS NOT NULL`;
  const isNoMonth = `${month!.given} IS NOT NULL AND NOT coalesce(${month!.value} BETWEEN 1 AND 12, false)`;
  return {
    as,
    sql:
      moment === undefined
        ? fromDate
        : `CASE WHEN ${noMoment} THEN ${fromDate} ELSE ${microseconds(moment.sql, moment.type)} END`,
    checks: [
      { column: 'birth_datetime', broken: `NOT (${noMoment}) AND ${as} IS NULL` },
      { column: 'year_of_birth', broken: `${isYear} AND ${year!.value} IS NULL` },
      { column: 'month_of_birth', broken: `${isYear} AND ${isNoMonth}` },
      { column: 'day_of_birth', broken: `${isYear} AND ${as} IS NULL` },
    ],
  };
}
