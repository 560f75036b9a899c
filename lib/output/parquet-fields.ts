import type { ParquetWriter } from 'hyparquet-writer';

/** A field of a Parquet schema, as the format describes it. */
export type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

type FieldType = Omit<SchemaElement, 'name'>;

export const int32: FieldType = { type: 'INT32' };
export const int64: FieldType = { type: 'INT64' };
export const float64: FieldType = { type: 'DOUBLE' };
export const boolean: FieldType = { type: 'BOOLEAN' };
export const text: FieldType = { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } };
/** In microseconds and without a time zone, as MEDS has it. */
export const timestamp: FieldType = {
  type: 'INT64',
  logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'MICROS' },
};

export function required(name: string, type: FieldType): SchemaElement {
  return { name, ...type, repetition_type: 'REQUIRED' };
}

/** May be null. */
export function optional(name: string, type: FieldType): SchemaElement {
  return { name, ...type, repetition_type: 'OPTIONAL' };
}
