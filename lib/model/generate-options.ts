import {
  checkBoolean,
  checkChoice,
  checkFunction,
  checkInteger,
  checkNumber,
  checkOptions,
  checkSignal,
  invalidArgument,
  optional,
} from '../options.ts';
import { ClmbrError } from '../errors.ts';
import type { Time } from '../types.ts';
import type { GeneratedEvent } from './generate-future.ts';
import type { WhenFull } from './sample-batch.ts';
import type { SelectionContext, TokenSelection } from './token-selection.ts';
import { selectTokens } from './token-selection.ts';

/** Settings that `generate` and `risk` have in common. */
export interface ContinuationOptions {
  /** A label time: the history is the events up to and including it. Without it the patient's own, else all events. */
  at?: Time;
  /** Put `[CLS] [BOS]` before the history. No `[EOS]` goes after it: a history is open. Default false. */
  specialTokens?: boolean;
  /**
   * Where the random numbers come from; an integer or bigint, of which the low 64 bits count. Default 0: the same call gives the same
   * futures. Event j of sample i is drawn with Philox4x32-10, key `seed`, counter (j, i).
   */
  seed?: number | bigint;
  /** Refuse (LOW_COVERAGE) when a smaller share of at least 100 events is in the vocabulary. Default 0.05. */
  minCoverage?: number;
  /** Aborting rejects with `signal.reason` and frees what was computed. */
  signal?: AbortSignal;
}

export interface GenerateOptions extends ContinuationOptions {
  /** How many futures. Default 1. Any number needs no more memory than 64 of them. */
  samples?: number;
  /** Longest future, in events. Default 128. */
  maxEvents?: number;
  /** Logits are divided by it. Default 1, the model as it is; 0: always the most probable event. */
  temperature?: number;
  /** Draw among the most probable events only: this many, and those as probable as the last of them. Default 0: off. */
  topK?: number;
  /** Then draw among the fewest most probable events that together reach this probability. Default 1: off. */
  topP?: number;
  /** Events that cannot be drawn: codes or token ids. Default none, so special tokens can be drawn too. */
  forbid?: TokenSelection;
  /** Events that end a future, beside `[EOS]`: codes or token ids, or a function of the event. The event is the future's last one. */
  stop?: TokenSelection | ((event: GeneratedEvent) => boolean);
  /** `[EOS]` and the codes of `stop` cannot be drawn before so many events were; a `stop` function is not asked. Default 0. */
  minEvents?: number;
  /** Also give the log-probabilities of each future as one array. Default false. */
  logProbs?: boolean;
  /**
   * `stop` (default): a future ends when history and future fill the context. `roll`: the last three quarters of the context are kept and
   * computed anew, and the future goes on.
   */
  whenFull?: WhenFull;
  /** Called with each event as it is drawn. */
  onEvent?: (sample: number, event: GeneratedEvent) => void;
}

export interface CheckedContinuationOptions {
  at: Time | undefined;
  specialTokens: boolean;
  seed: bigint;
  minCoverage: number;
  signal: AbortSignal | undefined;
}

export interface CheckedGenerateOptions extends CheckedContinuationOptions {
  samples: number;
  maxEvents: number;
  temperature: number;
  topK: number;
  topP: number;
  forbid: Int32Array;
  stop: Int32Array;
  stopWhen: ((event: GeneratedEvent) => boolean) | undefined;
  minEvents: number;
  logProbs: boolean;
  whenFull: WhenFull;
  onEvent: ((sample: number, event: GeneratedEvent) => void) | undefined;
}

/** Names of the options that `checkContinuationOptions` reads. */
export const continuationOptions = ['at', 'specialTokens', 'seed', 'minCoverage', 'signal'] as const;

/** Samples are numbered in 32 bits. */
export const mostSamples = 2 ** 31 - 1;
const mostEvents = 1_000_000;

export function checkContinuationOptions(options: Partial<ContinuationOptions>): CheckedContinuationOptions {
  return {
    at: options.at,
    specialTokens: optional(options.specialTokens, false, (v) => checkBoolean(v, 'specialTokens')),
    seed: optional(options.seed, 0n, checkSeed),
    minCoverage: optional(options.minCoverage, 0.05, (v) => checkNumber(v, 'minCoverage', 0, 1)),
    signal: optional(options.signal, undefined, (v) => checkSignal(v, 'signal')),
  };
}

export function checkGenerateOptions(
  given: GenerateOptions | undefined,
  context: SelectionContext,
): CheckedGenerateOptions {
  const options = checkOptions<GenerateOptions>(given, 'options', [
    ...continuationOptions,
    ...(['samples', 'maxEvents', 'temperature', 'topK', 'topP', 'forbid', 'stop', 'minEvents'] as const),
    ...(['logProbs', 'whenFull', 'onEvent'] as const),
  ]);
  const { stop } = options;
  const { vocabularySize } = context;
  return {
    ...checkContinuationOptions(options),
    samples: optional(options.samples, 1, (v) => checkInteger(v, 'samples', 1, mostSamples)),
    maxEvents: optional(options.maxEvents, 128, (v) => checkInteger(v, 'maxEvents', 1, mostEvents)),
    temperature: optional(options.temperature, 1, (v) => checkNumber(v, 'temperature', 0, 1000)),
    topK: optional(options.topK, 0, (v) => checkInteger(v, 'topK', 0, vocabularySize)),
    topP: optional(options.topP, 1, (v) => checkNumber(v, 'topP', 0, 1)),
    forbid: selectTokens(options.forbid ?? [], 'forbid', context),
    stop: selectTokens(typeof stop === 'function' ? [] : (stop ?? []), 'stop', context),
    stopWhen: typeof stop === 'function' ? stop : undefined,
    minEvents: optional(options.minEvents, 0, (v) => checkInteger(v, 'minEvents', 0, mostEvents)),
    logProbs: optional(options.logProbs, false, (v) => checkBoolean(v, 'logProbs')),
    whenFull: optional(options.whenFull, 'stop', (v) => checkChoice(v, 'whenFull', ['stop', 'roll'] as const)),
    onEvent: optional(options.onEvent, undefined, (v) =>
      checkFunction<(sample: number, event: GeneratedEvent) => void>(v, 'onEvent'),
    ),
  };
}

function checkSeed(value: unknown): bigint {
  if (typeof value === 'bigint') return BigInt.asUintN(64, value);
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw invalidArgument('seed', 'an integer or a bigint', value);
  return BigInt.asUintN(64, BigInt(value));
}

/** @throws ClmbrError INVALID_ARGUMENT when no event is left to draw */
export function assertDrawable(parameter: string, excluded: ReadonlySet<number>, vocabularySize: number): void {
  if (excluded.size < vocabularySize) return;
  throw new ClmbrError(
    'INVALID_ARGUMENT',
    `${parameter}: expected at least one of the ${vocabularySize} tokens to remain, found none.`,
    { details: { parameter } },
  );
}
