import type { CoverageReport } from '../coverage.ts';
import { CoverageCounter } from '../coverage.ts';
import type { WindowRequest } from '../scheduler/index.ts';
import type { DroppedEvent } from '../tokenizer/index.ts';
import type { Patient } from '../types.ts';
import { breathe, isOutOfBreath } from './breathe.ts';
import type { CheckedEvaluateOptions } from './evaluate-options.ts';
import type { TargetProbability } from './evaluate-targets.ts';
import { perplexityOf, sumOf } from './perplexity.ts';
import type { OverallPerplexity, Perplexity } from './perplexity.ts';
import { ScorePlanner } from './perplexity-windows.ts';
import type { ScoredRows } from './perplexity-windows.ts';
import { CallProgress, allocate, allocateIds, assertCoverage, assertHeapRoom, eachTimeline } from './session.ts';
import type { Session } from './session.ts';
import { alignedSurprisal, decoderOf, surprisalIds } from './surprisal.ts';
import type { EventSurprisal, MeaningOfId, Scores } from './surprisal.ts';
import type { Timeline } from './timeline.ts';
import { WindowPlanner } from './windows.ts';
import type { RowInfo } from './windows.ts';

/** A possible next event. Without a vocabulary only `id` says what it is. */
export interface NextEvent extends MeaningOfId {
  /** Of all tokens of the vocabulary, from 0 to 1. */
  probability: number;
  /** Natural logarithm of `probability`. */
  logProb: number;
}

/** The next-event distribution at one label time. */
export interface EvaluatedRow extends Omit<RowInfo, 'patient' | 'token'> {
  /** Most probable first; equally probable ones by id. Empty where no token was known. */
  next: NextEvent[];
  /** With the option `targets`: each of them in its order. Empty where no token was known. */
  targets?: TargetProbability[];
}

export interface EvaluatedPatient {
  id: string | number | bigint;
  /** One for each label time, or one for the whole timeline. None where neither next events nor targets were asked for. */
  rows: EvaluatedRow[];
  /** That of the last of `rows`. */
  next: NextEvent[];
  /** Those of the last of `rows`, with the option `targets`. */
  targets?: TargetProbability[];
  /** With the option `surprisal`: an entry for each event of the input (or each token id), in its order. */
  surprisal?: EventSurprisal[];
  /** With the option `perplexity`; `tokens` is 0 where the timeline was skipped. */
  perplexity?: Perplexity;
}

export interface EvaluateResult {
  /** In input order. */
  patients: EvaluatedPatient[];
  coverage: CoverageReport;
  /** With the option `perplexity`: over all patients. */
  perplexity?: OverallPerplexity;
}

/** What a `NextEvent` takes of the heap. */
const nextEventBytes = 450;

/** A patient's share of the token scores. */
interface ScoredPatient {
  id: EvaluatedPatient['id'];
  tokens: Timeline['whole'];
  dropped: DroppedEvent[];
  perplexity: ScoredRows | undefined;
  surprisal: ScoredRows | undefined;
}

interface EvaluationPlan {
  next: WindowPlanner;
  score: ScorePlanner;
  patients: ScoredPatient[];
}

/** Computes what the options ask for about some patients. */
export async function evaluatePatients(
  session: Session,
  patients: readonly Patient[],
  options: CheckedEvaluateOptions,
): Promise<EvaluateResult> {
  options.signal?.throwIfAborted();
  const coverage = new CoverageCounter();
  const plan = await planEvaluation(session, patients, options, coverage);
  const report = coverage.report();
  assertCoverage(report, options.minCoverage);
  assertHeapRoom(plan.next.plan.rows.length * options.topK, nextEventBytes, 'next events');

  const progress = new CallProgress(patients.length, options.onProgress);
  progress.begin(plan.next.windows.totalTokens + plan.score.windows.totalTokens, plan.next.plan.rows.length);
  const { signal } = options;
  const common = { pooling: 'last', signal, onProgress: progress.add } as const;
  const next = await runNext(session, plan.next, options, common);
  const scores = await runScore(session, plan.score, common);
  return { ...(await resultOf(session, plan, options, next, scores)), coverage: report };
}

async function planEvaluation(
  session: Session,
  patients: readonly Patient[],
  options: CheckedEvaluateOptions,
  coverage: CoverageCounter,
): Promise<EvaluationPlan> {
  const { contextLength } = session.model.hyperparameters;
  const next = new WindowPlanner(contextLength, 'last', options.overflow);
  const score = new ScorePlanner(contextLength, options.stride);
  const scored: ScoredPatient[] = [];
  const asksNext = options.topK + options.targets.length > 0;
  await eachTimeline(session, patients, options, coverage, async (timeline, index) => {
    if (asksNext) next.add(timeline, index);
    const { id, whole } = timeline;
    const lost = options.surprisal ? timeline.dropped() : [];
    const { signal } = options;
    const perplexity = options.perplexity ? await score.add(whole.ids, signal) : undefined;
    const shares = perplexity !== undefined && !options.specialTokens;
    const surprisal = !options.surprisal
      ? undefined
      : shares
        ? perplexity
        : await score.add(surprisalIds(whole.ids, options.specialTokens), signal);
    scored.push({ id, tokens: whole, dropped: lost, perplexity, surprisal });
  });
  coverage.addEmptyRows(next.plan.emptyRows);
  return { next, score, patients: scored };
}

type Common = Pick<WindowRequest, 'pooling' | 'signal' | 'onProgress'>;

/** Log-probabilities and ids of the next events: topK and the targets of each row. */
async function runNext(
  session: Session,
  { plan, windows }: WindowPlanner,
  { topK, targets }: CheckedEvaluateOptions,
  common: Common,
): Promise<Scores> {
  const values = allocate(plan.rows.length, topK + targets.length, 'probabilities');
  const ids = allocateIds(plan.rows.length, topK, 'ids');
  await session.queue.run({
    ...common,
    windows: windows.take(),
    destinations: [{ values, ids }],
    representation: 'next',
    top: topK,
    targets: targets.map((target) => target.ids),
  });
  windows.copyResults([{ values, ids }], { values: topK + targets.length, ids: topK });
  return { values, ids };
}

async function runScore(session: Session, plan: ScorePlanner, common: Common): Promise<Scores> {
  const values = allocate(plan.rows, 1, 'log-probabilities');
  const ids = allocateIds(plan.rows, 2, 'ids');
  const windows = plan.windows.take();
  await session.queue.run({ ...common, windows, destinations: [{ values, ids }], representation: 'score', top: 0 });
  plan.windows.copyResults([{ values, ids }], { values: 1, ids: 2 });
  return { values, ids };
}

async function resultOf(
  session: Session,
  plan: EvaluationPlan,
  options: CheckedEvaluateOptions,
  next: Scores,
  scores: Scores,
): Promise<Omit<EvaluateResult, 'coverage'>> {
  const decode = decoderOf(session.tokenizer);
  const result: EvaluatedPatient[] = [];
  const logProbs: Float32Array[] = [];
  let [row, sum, tokens] = [0, 0, 0];
  for (const [index, patient] of plan.patients.entries()) {
    if (isOutOfBreath()) await breathe();
    const rows: EvaluatedRow[] = [];
    for (let i = 0; i < (plan.next.plan.rowsPerPatient[index] ?? 0); i++, row++)
      rows.push(rowOf(plan.next.plan.rows[row]!, row, options, next, decode));
    const evaluated: EvaluatedPatient = { id: patient.id, rows, next: rows.at(-1)?.next ?? [] };
    if (options.targets.length > 0) evaluated.targets = rows.at(-1)?.targets ?? [];
    if (patient.surprisal !== undefined) evaluated.surprisal = surprisalOf(patient, options, scores, decode);
    if (patient.perplexity !== undefined) {
      const { first, count } = patient.perplexity;
      const own = scores.values.subarray(first, first + count);
      const ownSum = sumOf(own);
      evaluated.perplexity = perplexityOf(ownSum, count);
      sum += ownSum;
      tokens += count;
      if (options.logProbs) logProbs.push(own.slice());
    }
    result.push(evaluated);
  }
  if (!options.perplexity) return { patients: result };
  return { patients: result, perplexity: { ...perplexityOf(sum, tokens), ...(options.logProbs && { logProbs }) } };
}

function rowOf(
  { time, tokens, truncated, dropped }: RowInfo,
  row: number,
  { topK, targets }: CheckedEvaluateOptions,
  { values, ids }: Scores,
  decode: (id: number) => Readonly<MeaningOfId>,
): EvaluatedRow {
  const isKnown = tokens > 0;
  const at = row * (topK + targets.length);
  const next = Array.from({ length: isKnown ? topK : 0 }, (_, i): NextEvent => {
    const logProb = values[at + i]!;
    return { ...decode(ids[row * topK + i]!), probability: Math.exp(logProb), logProb };
  });
  const evaluated: EvaluatedRow = { time, tokens, truncated, dropped, next };
  if (targets.length === 0) return evaluated;
  const asked = isKnown ? targets : [];
  return {
    ...evaluated,
    targets: asked.map((target, i) => {
      // Rounding can take a sum of probabilities past 1.
      const logProb = Math.min(0, values[at + topK + i]!);
      return { target: target.target, tokenCount: target.ids.length, probability: Math.exp(logProb), logProb };
    }),
  };
}

function surprisalOf(
  { tokens, dropped, surprisal }: ScoredPatient,
  { specialTokens }: CheckedEvaluateOptions,
  scores: Scores,
  decode: (id: number) => Readonly<MeaningOfId>,
): EventSurprisal[] {
  // Row 0 belongs to the second token of the sequence: `[BOS]` where there are special tokens, else the second event.
  const firstRow = surprisal!.first + (specialTokens ? 1 : -1);
  return alignedSurprisal({ ...tokens, dropped }, scores, firstRow, specialTokens, decode);
}
