import type { CoverageReport } from '../coverage.ts';
import type { Patient } from '../types.ts';
import { follow } from './follow.ts';
import { endOf } from './generate.ts';
import type { HistoryInfo } from './generate-future.ts';
import { historyRoom, readHistory } from './generate-history.ts';
import type { Estimator, RiskEstimator } from './risk-estimators.ts';
import { createEstimator } from './risk-estimators.ts';
import type { CheckedRiskOptions } from './risk-options.ts';
import { SampleBatch } from './sample-batch.ts';
import type { SampleDraws, SampleSettings, StopReason } from './sample-batch.ts';
import type { Session } from './session.ts';

/** What simulated futures say of an outcome. */
export interface RiskResult {
  /** That any outcome occurs among the next `horizon` events and before a competing one; null for `scope`, which estimates no probability. */
  probability: number | null;
  /** `scope` only, else null: the expected number of outcome events among the next `horizon` events. */
  expectedCount: number | null;
  /** Of the probability or the expected count; Infinity where one sample says nothing of it. */
  standardError: number;
  /** 95 %: Wilson's for `monte-carlo`, else Student's, cut to where the quantity can lie. */
  interval: [low: number, high: number];
  /** Futures behind the numbers. */
  samples: number;
  estimator: RiskEstimator;
  /** In events. */
  horizon: number;
  history: HistoryInfo;
  /** How much of the patient's events the vocabulary knew. */
  coverage: CoverageReport;
}

/** Simulates futures of a patient until there are as many as asked for, or until the standard error is small enough. */
export async function estimateRisk(
  session: Session,
  patient: Patient,
  options: CheckedRiskOptions,
): Promise<RiskResult> {
  options.signal?.throwIfAborted();
  const own = new AbortController();
  const unfollow = follow(options.signal, own);
  try {
    return await drawUntilEnough(session, patient, options, own.signal);
  } finally {
    unfollow();
  }
}

async function drawUntilEnough(
  session: Session,
  patient: Patient,
  options: CheckedRiskOptions,
  signal: AbortSignal,
): Promise<RiskResult> {
  const { horizon, maxSamples, tolerance } = options;
  const room = historyRoom(session.model.hyperparameters.contextLength, horizon);
  const { ids, info, coverage } = await readHistory(session, patient, { ...options, signal }, room);
  signal.throwIfAborted();
  const estimator = createEstimator(options.estimator, new Set(options.outcome), horizon);
  const most = tolerance === undefined ? options.samples : maxSamples;
  const batch = await SampleBatch.open(session, ids, settingsOf(session, options, estimator), most, signal);
  let drawn = 0;
  try {
    for (let goal = options.samples; drawn < goal; goal = nextGoal(estimator, drawn, options)) {
      const first = drawn;
      for await (const sample of batch.run(first, goal)) {
        estimator.add(sample);
        options.onProgress?.({ samples: ++drawn, totalSamples: goal });
      }
      drawn = goal;
    }
  } finally {
    batch.dispose();
  }
  const { value, standardError, interval } = estimator.estimate();
  const isCount = options.estimator === 'scope';
  return {
    probability: isCount ? null : value,
    expectedCount: isCount ? value : null,
    standardError,
    interval,
    samples: drawn,
    estimator: options.estimator,
    horizon,
    history: info,
    coverage,
  };
}

/** How many samples there must be for the tolerance, judged by those drawn; at most twice as many, for the judgement is rough at first. */
function nextGoal(estimator: Estimator, drawn: number, { tolerance, maxSamples }: CheckedRiskOptions): number {
  if (tolerance === undefined) return drawn;
  const error = estimator.decidingError();
  if (error <= tolerance) return drawn;
  const needed = Math.ceil(drawn * (error / tolerance) ** 2);
  return Math.min(maxSamples, 2 * drawn, Math.max(needed, drawn + 1));
}

function settingsOf(session: Session, options: CheckedRiskOptions, estimator: Estimator): SampleSettings {
  const outcome = new Set(options.outcome);
  const stops = new Set(options.stop);
  const end = endOf(session);
  return {
    sampler: {
      temperature: 1,
      topK: 0,
      topP: 1,
      forbidden: estimator.suppressesOutcome ? options.outcome : new Int32Array(0),
      early: new Int32Array(0),
      minEvents: 0,
      target: options.outcome,
      seed: options.seed,
    },
    maxEvents: options.horizon,
    whenFull: 'stop',
    ends: ({ ids }: SampleDraws): StopReason | undefined => {
      const id = ids.at(-1)!;
      if (id === end) return 'eos';
      return stops.has(id) || (estimator.endsAtOutcome && outcome.has(id)) ? 'stop' : undefined;
    },
  };
}
