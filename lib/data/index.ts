export { maxPatientLineBytes, readPatientsJsonl } from './jsonl.ts';
export type { ReadPatientsOptions } from './jsonl.ts';
