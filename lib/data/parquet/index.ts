export type { ColumnSlice } from './column-reader.ts';
export { halves } from './column-reader.ts';
export type { ColumnKind, ColumnValues } from './convert.ts';
export { invalidParquet } from './errors.ts';
export { ParquetFile } from './file.ts';
export type { Batch } from './file.ts';
export { TextTable } from './texts.ts';
