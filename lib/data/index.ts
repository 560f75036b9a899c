export type {
  CodeCandidate,
  DataEvent,
  DataKind,
  DataPatient,
  Dataset,
  DataTokens,
  MappingRule,
  ReadDatasetOptions,
} from './dataset.ts';
export { openFhir } from './fhir/index.ts';
export { openJsonl } from './jsonl-dataset.ts';
export type { OpenJsonlOptions } from './jsonl-dataset.ts';
export { maxPatientLineBytes, readPatientsJsonl } from './jsonl.ts';
export type { ReadPatientsOptions } from './jsonl.ts';
export { openMeds } from './meds/index.ts';
export type { ReadMedsOptions } from './meds/index.ts';
export { dataKinds, openDataset } from './open.ts';
export type { OpenDatasetOptions } from './open.ts';
export { openOmop } from './omop/index.ts';
