/** A text as SQL writes it. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name of a column or table as SQL writes it. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A path as DuckDB's readers take it, which would look for others by its asterisks, question marks and brackets. */
export function pattern(path: string): string {
  return path.replace(/[*?[]/g, '[$&]');
}

export function list(texts: readonly string[]): string {
  return `[${texts.map(literal).join(', ')}]`;
}

const whole = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/;
const float = /^(FLOAT|DOUBLE)$/;
const time = /^(DATE|TIMESTAMP|TIMESTAMP_(S|MS|NS)|TIMESTAMP WITH TIME ZONE)$/;

/** The column itself, null where it says nothing: empty texts, and NaN, which is how pandas writes a missing number. */
export function given(column: string, type: string): string {
  if (type === 'VARCHAR') return `nullif(${column}, '')`;
  if (float.test(type)) return `CASE WHEN isnan(${column}) THEN NULL ELSE ${column} END`;
  return column;
}

/** A whole number of 64 bits; null where the column holds something else. `8507.0` is one: so pandas writes numbers beside missing ones. */
export function wholeNumber(column: string, type: string): string {
  const cast = `TRY_CAST(${column} AS BIGINT)`;
  if (whole.test(type)) return cast;
  if (float.test(type) || type.startsWith('DECIMAL')) return `CASE WHEN ${column} = trunc(${column}) THEN ${cast} END`;
  const text = type === 'VARCHAR' ? column : `CAST(${column} AS VARCHAR)`;
  // A cast alone would round 8507.5, and give an event to another patient.
  return `CASE WHEN NOT contains(${text}, '.') OR regexp_full_match(${text}, '\\s*[+-]?\\d+\\.0*\\s*') THEN TRY_CAST(${text} AS BIGINT) END`;
}

/** A number of 64 bits; null where the column holds something else. */
export function number(column: string): string {
  return `TRY_CAST(${column} AS DOUBLE)`;
}

/**
 * Microseconds since 1970 UTC; null where the column holds no moment. A date is its midnight. Texts are ISO 8601, with a space or a T, or
 * YYYYMMDD; without an offset they are UTC.
 */
export function microseconds(column: string, type: string): string {
  if (type === 'TIMESTAMP WITH TIME ZONE') return `epoch_us(${column})`;
  if (time.test(type)) return `epoch_us(TRY_CAST(${column} AS TIMESTAMP))`;
  // Other types pass as text: whole numbers may be YYYYMMDD, and a column without any value has whatever type its writer chose.
  const text = type === 'VARCHAR' ? column : `CAST(${column} AS VARCHAR)`;
  // A cast to TIMESTAMP drops offsets, so it is for the two forms that have none; the cast that heeds them is slower.
  return `epoch_us(CASE
    WHEN length(${text}) = 10 OR (length(${text}) = 19 AND ${text}[17] = ':') THEN TRY_CAST(${text} AS TIMESTAMP)
    WHEN length(${text}) = 8 AND regexp_full_match(${text}, '\\d{8}') THEN try_strptime(${text}, '%Y%m%d')
    ELSE CAST(TRY_CAST(${text} AS TIMESTAMPTZ) AS TIMESTAMP) END)`;
}
