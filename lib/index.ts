/**
 * Run EHR foundation models of the CLMBR vocabulary: coded medical events in, patient vectors and next-event probabilities out.
 *
 * @packageDocumentation
 */
export type { LlamaHyperparameters, RopeScaling, RopeSettings } from './architecture/index.ts';
export { convertCheckpoint, convertTypes } from './convert/convert.ts';
export type { ConvertOptions, ConvertProgress, ConvertResult, ConvertType } from './convert/convert.ts';
export { formatInspection } from './convert/format-inspection.ts';
export { inspectModel } from './convert/inspect.ts';
export type { InspectedTensor, InspectOptions, ModelInspection } from './convert/inspect.ts';
export { CoverageCounter } from './coverage.ts';
export type { CoverageOptions, CoverageReport } from './coverage.ts';
export * from './data/index.ts';
export { diagnose } from './doctor/index.ts';
export type { AbsentBackend, AddonReport, AddonVariant, Device, Diagnosis } from './doctor/index.ts';
export { ClmbrError } from './errors.ts';
export type { ClmbrErrorCode } from './errors.ts';
export * from './features/index.ts';
export * from './labels/index.ts';
export * from './mapping/index.ts';
export * from './model/index.ts';
export * from './output/index.ts';
export * from './report/index.ts';
export * from './run/index.ts';
export { ClmbrTokenizer, EventEncoder, pythonFloat, Vocabulary } from './tokenizer/index.ts';
export type {
  CodeMatch,
  DecodedToken,
  DropListener,
  DroppedEvent,
  EncodeOptions,
  Encoding,
  EntryKind,
  PatientEvents,
  VocabularyEntry,
} from './tokenizer/index.ts';
export type { DropReason, Event, Patient, PatientRecord, Time, TokenRecord, WeightType } from './types.ts';
export { version } from './version.ts';
