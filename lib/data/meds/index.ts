export { openMeds } from './meds.ts';
export type { ReadMedsOptions } from './meds.ts';
export { parquetFiles } from './layout.ts';
