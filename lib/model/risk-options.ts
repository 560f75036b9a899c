import { ClmbrError } from '../errors.ts';
import {
  checkChoice,
  checkFunction,
  checkInteger,
  checkNumber,
  checkOptions,
  invalidArgument,
  optional,
} from '../options.ts';
import { assertDrawable, checkContinuationOptions, continuationOptions, mostSamples } from './generate-options.ts';
import type { CheckedContinuationOptions, ContinuationOptions } from './generate-options.ts';
import type { RiskEstimator } from './risk-estimators.ts';
import type { SelectionContext, TokenSelection } from './token-selection.ts';
import { selectTokens } from './token-selection.ts';

export interface RiskProgress {
  /** Futures that have ended. */
  samples: number;
  /** Those planned so far; with `tolerance` it can grow. */
  totalSamples: number;
}

export interface RiskOptions extends ContinuationOptions {
  /** Any of these is the outcome: codes, all their tokens, or token ids. */
  outcome: TokenSelection;
  /** How many events a future has at most: from 1 to one less than the context, which it shares with the history. */
  horizon: number;
  /** How many futures; with `tolerance`, how many before it is first looked at. Default 100. */
  samples?: number;
  /** Default `monte-carlo`. */
  estimator?: RiskEstimator;
  /** Competing events (death): codes or token ids after which nothing follows. `[EOS]` always is one. What is also an outcome is a hit. */
  stop?: TokenSelection;
  /** Draw more futures until the standard error is at most this. */
  tolerance?: number;
  /** Where `tolerance` gives up; its own standard error says that it was not reached. Default 10,000, at least `samples`. */
  maxSamples?: number;
  onProgress?: (progress: RiskProgress) => void;
}

export interface CheckedRiskOptions extends CheckedContinuationOptions {
  outcome: Int32Array;
  horizon: number;
  samples: number;
  estimator: RiskEstimator;
  stop: Int32Array;
  tolerance: number | undefined;
  maxSamples: number;
  onProgress: ((progress: RiskProgress) => void) | undefined;
}

export function checkRiskOptions(given: RiskOptions, context: SelectionContext): CheckedRiskOptions {
  if (given === undefined) throw invalidArgument('options', 'an object with `outcome` and `horizon`', given);
  const options = checkOptions<RiskOptions>(given, 'options', [
    ...continuationOptions,
    ...(['outcome', 'horizon', 'samples', 'estimator', 'stop', 'tolerance', 'maxSamples', 'onProgress'] as const),
  ]);
  const { contextLength, vocabularySize } = context;
  const maxSamples = optional(options.maxSamples, undefined, (v) => checkInteger(v, 'maxSamples', 1, mostSamples));
  const samples = optional(options.samples, Math.min(100, maxSamples ?? 100), (v) =>
    checkInteger(v, 'samples', 1, mostSamples),
  );
  if (maxSamples !== undefined && maxSamples < samples)
    throw invalidArgument('maxSamples', `at least \`samples\`, ${samples}`, maxSamples);
  const estimator = optional(options.estimator, 'monte-carlo', (v) =>
    checkChoice(v, 'estimator', ['monte-carlo', 'scope', 'reach'] as const),
  );
  const outcome = checkOutcome(options.outcome, context);
  if (estimator === 'reach') assertDrawable('outcome', new Set(outcome), vocabularySize);
  return {
    ...checkContinuationOptions(options),
    outcome,
    horizon: checkInteger(options.horizon, 'horizon', 1, Math.max(1, contextLength - 1)),
    samples,
    estimator,
    stop: selectTokens(options.stop ?? [], 'stop', context),
    tolerance: optional(options.tolerance, undefined, checkTolerance),
    maxSamples: maxSamples ?? Math.max(samples, 10_000),
    onProgress: optional(options.onProgress, undefined, (v) =>
      checkFunction<(progress: RiskProgress) => void>(v, 'onProgress'),
    ),
  };
}

function checkOutcome(selection: unknown, context: SelectionContext): Int32Array {
  const outcome = selectTokens(selection, 'outcome', context);
  if (outcome.length > 0) return outcome;
  throw new ClmbrError('INVALID_ARGUMENT', 'outcome: expected at least one code or token id, found none.', {
    details: { parameter: 'outcome' },
  });
}

function checkTolerance(value: unknown): number {
  const tolerance = checkNumber(value, 'tolerance', 0, Number.MAX_VALUE);
  if (tolerance === 0) throw invalidArgument('tolerance', 'a number greater than 0', value);
  return tolerance;
}
