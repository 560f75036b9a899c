export type { EvaluatedPatient, EvaluatedRow, EvaluateResult, NextEvent } from './evaluate.ts';
export type { EvaluateOptions } from './evaluate-options.ts';
export type { TargetProbability, Targets } from './evaluate-targets.ts';
export type { Future, GeneratedEvent, HistoryInfo } from './generate-future.ts';
export type { ContinuationOptions, GenerateOptions } from './generate-options.ts';
export type { ComputeType } from './compute-type.ts';
export { isDeviceName } from '../native/index.ts';
export type { DeviceName, GpuBackend } from '../native/index.ts';
export { EmbedResult } from './embed.ts';
export { loadModel } from './load.ts';
export type { LoadOptions, LoadProgress } from './load.ts';
export { ClmbrModel } from './model.ts';
export type { ModelInfo } from './model.ts';
export type {
  EmbedOptions,
  OverflowMode,
  PatientOptions,
  PoolingMode,
  Progress,
  RepresentationKind,
  SharingMode,
} from './options.ts';
export type { OverallPerplexity, Perplexity } from './perplexity.ts';
export type { EventSurprisal, MeaningOfId } from './surprisal.ts';
export type { RiskResult } from './risk.ts';
export type { RiskEstimator } from './risk-estimators.ts';
export type { RiskOptions, RiskProgress } from './risk-options.ts';
export type { StopReason, WhenFull } from './sample-batch.ts';
export type { TokenSelection } from './token-selection.ts';
export type { RowInfo } from './windows.ts';
