import type { Estimate } from './risk-interval.ts';
import { Moments, cautiousShareError, shareEstimate } from './risk-interval.ts';
import type { SampleDraws } from './sample-batch.ts';

/**
 * How a risk is estimated from simulated futures (compared in arXiv 2602.03730).
 *
 * - `monte-carlo`: the share of futures in which the outcome occurs.
 * - `reach`: the same probability with less variance: futures in which the outcome cannot be drawn, each of which counts with
 *   1 - product(1 - p), p being the outcome's probability before each of its events.
 * - `scope`: another quantity, the expected number of outcome events: the sum of those p along ordinary futures. It can exceed 1 and is no
 *   probability.
 */
export type RiskEstimator = 'monte-carlo' | 'scope' | 'reach';

/** What an estimator asks of the sampler, and what it makes of the samples. */
export interface Estimator {
  /** The outcome cannot be drawn. */
  suppressesOutcome: boolean;
  /** A future needs no further events after an outcome. */
  endsAtOutcome: boolean;
  add(draws: SampleDraws): void;
  estimate(): Estimate;
  /** The standard error that decides whether more samples are drawn. */
  decidingError(): number;
}

export function createEstimator(name: RiskEstimator, outcome: ReadonlySet<number>, horizon: number): Estimator {
  switch (name) {
    case 'monte-carlo':
      return shareOfHits(outcome);
    case 'reach':
      return meanOf(1, true, ({ targets }) => -Math.expm1(targets.reduce((sum, p) => sum + Math.log1p(-p), 0)));
    case 'scope':
      return meanOf(horizon, false, ({ targets }) => targets.reduce((sum, p) => sum + p, 0));
  }
}

function shareOfHits(outcome: ReadonlySet<number>): Estimator {
  let hits = 0;
  let samples = 0;
  return {
    suppressesOutcome: false,
    endsAtOutcome: true,
    add: ({ ids }) => {
      samples++;
      if (outcome.has(ids.at(-1)!)) hits++;
    },
    estimate: () => shareEstimate(hits, samples),
    decidingError: () => Math.max(cautiousShareError(hits, samples), shareEstimate(hits, samples).standardError),
  };
}

function meanOf(most: number, suppressesOutcome: boolean, valueOf: (draws: SampleDraws) => number): Estimator {
  // By sample number, so that sums do not depend on which futures end first, to the last bit.
  const values: number[] = [];
  const estimate = (): Estimate => {
    const moments = new Moments();
    for (const value of values) moments.add(value);
    return moments.estimate(0, most);
  };
  return {
    suppressesOutcome,
    endsAtOutcome: false,
    add: (draws) => (values[draws.sample] = valueOf(draws)),
    estimate,
    decidingError: () => estimate().standardError,
  };
}
