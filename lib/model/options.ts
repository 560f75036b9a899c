import {
  invalidArgument,
  checkArray,
  checkBoolean,
  checkChoice,
  checkFunction,
  checkNumber,
  checkOptions,
  checkSignal,
  optional,
} from '../options.ts';
import type { Time } from '../types.ts';

/** How the hidden states of a timeline become one vector. */
export type PoolingMode = 'last' | 'mean' | 'max' | 'none';

/** What a vector holds: the hidden state after the final norm, or the logits of the next event. */
export type RepresentationKind = 'hidden' | 'logits';

/** What happens to timelines that are longer than the context. */
export type OverflowMode = 'last' | 'first' | 'mean' | 'error';

/** Whether label times beyond the context may share windows. */
export type SharingMode = 'exact' | 'strided';

export interface Progress {
  /** Tokens computed so far, and in all. */
  tokens: number;
  totalTokens: number;
  /** Patients and result rows of the call. */
  patients: number;
  rows: number;
}

/** Settings that every call on patients has. */
export interface PatientOptions {
  /** Put `[CLS] [BOS]` before and `[EOS]` after the events, as the model card does. Default false, as in EHRSHOT's evaluation. */
  specialTokens?: boolean;
  /** Label times of each patient: one result row each, from the events up to and including that time. */
  at?: readonly (readonly Time[])[];
  /**
   * Timelines longer than the context: `last` (default) keeps the last tokens, `first` the first, `mean` averages consecutive windows
   * cut from the end, weighted by their tokens, `error` refuses.
   */
  overflow?: OverflowMode;
  /** Refuse (LOW_COVERAGE) when a smaller share of at least 100 events is in the vocabulary. Default 0.05. */
  minCoverage?: number;
  /** Aborting rejects with `signal.reason`. */
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

export interface EmbedOptions extends PatientOptions {
  /** `last` (default): the state of the last token; `mean`, `max`: over all tokens; `none`: one row for every token. */
  pooling?: PoolingMode;
  /** `hidden` (default): hiddenSize numbers; `logits`: vocabularySize numbers. */
  representation?: RepresentationKind;
  /** Names a published set of settings: `ehrshot` (the defaults), `model-card` (special tokens and logits of the last position). */
  recipe?: 'ehrshot' | 'model-card';
  /**
   * Label times beyond the context. `exact` (default): a window of its own for each, with the last `contextLength` tokens before it.
   * `strided`: windows begin at multiples of a quarter of the context only, and serve all label times up to their end, each of which sees
   * its last 3/4 `contextLength` to `contextLength` tokens. Several times faster and an approximation. Needs overflow `last`, and no
   * special tokens.
   */
  sharing?: SharingMode;
}

export interface CheckedPatientOptions {
  specialTokens: boolean;
  at: readonly (readonly Time[])[] | undefined;
  overflow: OverflowMode;
  minCoverage: number;
  signal: AbortSignal | undefined;
  onProgress: ((progress: Progress) => void) | undefined;
}

export interface CheckedEmbedOptions extends CheckedPatientOptions {
  pooling: PoolingMode;
  representation: RepresentationKind;
  sharing: SharingMode;
}

export const patientOptions = ['specialTokens', 'at', 'overflow', 'minCoverage', 'signal', 'onProgress'] as const;

export function checkPatientOptions(options: Partial<PatientOptions>): CheckedPatientOptions {
  const at = optional(options.at, undefined, (value) =>
    checkArray(value, 'at', 'label times for each patient').map(
      (times, i) => checkArray(times, `at[${i}]`, 'label times') as readonly Time[],
    ),
  );
  return {
    specialTokens: optional(options.specialTokens, false, (v) => checkBoolean(v, 'specialTokens')),
    at,
    overflow: optional(options.overflow, 'last', (v) =>
      checkChoice(v, 'overflow', ['last', 'first', 'mean', 'error'] as const),
    ),
    minCoverage: optional(options.minCoverage, 0.05, (v) => checkNumber(v, 'minCoverage', 0, 1)),
    signal: optional(options.signal, undefined, (v) => checkSignal(v, 'signal')),
    onProgress: optional(options.onProgress, undefined, (v) =>
      checkFunction<(progress: Progress) => void>(v, 'onProgress'),
    ),
  };
}

export function checkEmbedOptions(given: EmbedOptions | undefined): CheckedEmbedOptions {
  const options = checkOptions<EmbedOptions>(given, 'options', [
    ...patientOptions,
    'pooling',
    'representation',
    'recipe',
    'sharing',
  ]);
  const recipe = optional(options.recipe, 'ehrshot', (v) =>
    checkChoice(v, 'recipe', ['ehrshot', 'model-card'] as const),
  );
  const card = recipe === 'model-card';
  const checked = {
    ...checkPatientOptions({
      ...options,
      specialTokens: options.specialTokens === undefined ? card : options.specialTokens,
    }),
    pooling: optional(options.pooling, 'last', (v) =>
      checkChoice(v, 'pooling', ['last', 'mean', 'max', 'none'] as const),
    ),
    representation: optional(options.representation, card ? 'logits' : 'hidden', (v) =>
      checkChoice(v, 'representation', ['hidden', 'logits'] as const),
    ),
    sharing: optional(options.sharing, 'exact', (v) => checkChoice(v, 'sharing', ['exact', 'strided'] as const)),
  } as const;
  if (checked.pooling === 'none' && checked.overflow === 'mean') {
    throw invalidArgument('overflow', "'last', 'first' or 'error' with pooling 'none'", 'mean');
  }
  if (checked.sharing === 'strided' && checked.overflow !== 'last') {
    throw invalidArgument('overflow', "'last' with sharing 'strided'", checked.overflow);
  }
  if (checked.sharing === 'strided' && checked.specialTokens) {
    throw invalidArgument(
      'specialTokens',
      "false with sharing 'strided', as every row would end in its own [EOS]",
      true,
    );
  }
  return checked;
}
