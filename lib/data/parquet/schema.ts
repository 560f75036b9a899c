import type { SchemaElement } from 'hyparquet';
import { printable } from '../../files/quoted.ts';
import { ParquetFault } from './errors.ts';

/** A physical column of a file. */
export interface ParquetColumn {
  /** Names from the top of the schema down; one name unless the column is nested. */
  path: readonly string[];
  element: SchemaElement;
  /** Its place among the columns of each row group. */
  index: number;
  /** A value is there where the definition level reaches this. */
  maxDefinition: number;
  /** 0 for one value a row. */
  maxRepetition: number;
}

const deepest = 64;

/** All physical columns in the order of the file. */
export function columnsOf(schema: readonly SchemaElement[]): ParquetColumn[] {
  const columns: ParquetColumn[] = [];
  let next = 1;
  const visit = (path: readonly string[], maxDefinition: number, maxRepetition: number): void => {
    const element = schema[next++];
    if (element === undefined || path.length > deepest) throw new ParquetFault('its schema does not end');
    const repetition = element.repetition_type;
    const here = [...path, element.name];
    const definition = maxDefinition + (repetition === 'REQUIRED' ? 0 : 1);
    const repeated = maxRepetition + (repetition === 'REPEATED' ? 1 : 0);
    if (element.type !== undefined && !element.num_children) {
      columns.push({
        path: here,
        element,
        index: columns.length,
        maxDefinition: definition,
        maxRepetition: repeated,
      });
    } else {
      for (let i = 0; i < (element.num_children ?? 0); i++) visit(here, definition, repeated);
    }
  };
  while (next < schema.length) visit([], 0, 0);
  return columns;
}

/** How messages name the type of a column: `DOUBLE`, `INT64 (TIMESTAMP_MICROS)`. */
export function typeOf({ element, maxRepetition }: ParquetColumn): string {
  const logical = element.logical_type?.type;
  const annotation = element.converted_type ?? logical;
  const type = annotation === undefined ? `${element.type}` : `${element.type} (${annotation})`;
  return maxRepetition > 0 ? `a list of ${type}` : type;
}

/** How messages name a column. */
export function nameOf({ path }: ParquetColumn): string {
  return printable(path.join('.').slice(0, 80));
}
