export { extractFeatures } from './extract.ts';
export type { ExtractResult } from './extract.ts';
export { openMapper } from './mapper.ts';
export type { MapperFiles } from './mapper.ts';
export type { DataOptions, ExtractOptions, ExtractProgress } from './extract-options.ts';
