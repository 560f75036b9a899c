export type { EvaluatedPatient, EvaluatedRow, EvaluateResult, NextEvent } from './evaluate.ts';
export { EmbedResult } from './embed.ts';
export { loadModel } from './load.ts';
export type { LoadOptions, LoadProgress } from './load.ts';
export { ClmbrModel } from './model.ts';
export type { ModelInfo } from './model.ts';
export type {
  EmbedOptions,
  EvaluateOptions,
  OverflowMode,
  PatientOptions,
  PoolingMode,
  Progress,
  RepresentationKind,
} from './options.ts';
export type { RowInfo } from './windows.ts';
