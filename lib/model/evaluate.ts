import type { CoverageReport } from '../coverage.ts';
import { CoverageCounter } from '../coverage.ts';
import type { DecodedToken } from '../tokenizer/index.ts';
import type { Patient } from '../types.ts';
import { breathe } from './breathe.ts';
import type { CheckedEvaluateOptions } from './options.ts';
import { allocate, assertCoverage, planPatients, progressOf } from './session.ts';
import type { Session } from './session.ts';
import type { RowInfo } from './windows.ts';

/** A possible next event. Without a vocabulary only `id` says what it is. */
export interface NextEvent extends Partial<DecodedToken> {
  id: number;
  /** Of all tokens of the vocabulary, from 0 to 1. */
  probability: number;
  /** Natural logarithm of `probability`. */
  logProb: number;
}

/** The next-event distribution at one label time. */
export interface EvaluatedRow extends Omit<RowInfo, 'patient' | 'token'> {
  /** Most probable first; equally probable ones by id. Empty where no token was known. */
  next: NextEvent[];
}

export interface EvaluatedPatient {
  id: string | number | bigint;
  /** One for each label time, or one for the whole timeline. */
  rows: EvaluatedRow[];
  /** That of the last of `rows`. */
  next: NextEvent[];
}

export interface EvaluateResult {
  /** In input order. */
  patients: EvaluatedPatient[];
  coverage: CoverageReport;
}

/** Computes the most probable next events of some patients. */
export async function evaluatePatients(
  session: Session,
  patients: readonly Patient[],
  options: CheckedEvaluateOptions,
): Promise<EvaluateResult> {
  options.signal?.throwIfAborted();
  const coverage = new CoverageCounter();
  const plan = await planPatients(session, patients, options, 'last', coverage);
  const report = coverage.report();
  assertCoverage(report, options.minCoverage);

  const top = options.topK;
  const values = allocate(plan.rows.length, top, 'probabilities');
  const ids = new Int32Array(values.length);
  await session.queue.run({
    windows: plan.windows,
    destinations: [{ values, ids }],
    pooling: 'last',
    representation: 'top',
    top,
    signal: options.signal,
    onProgress: progressOf(plan, patients.length, options.onProgress),
  });

  const nextOf = (row: number): NextEvent[] =>
    Array.from({ length: top }, (_, i) => nextEvent(session, ids[row * top + i]!, values[row * top + i]!));
  const result: EvaluatedPatient[] = [];
  for (const [index, rowIndices] of rowsOfPatients(plan.rowsPerPatient).entries()) {
    await breathe();
    const rows = rowIndices.map((row): EvaluatedRow => {
      const { time, tokens, truncated, dropped } = plan.rows[row]!;
      return { time, tokens, truncated, dropped, next: tokens === 0 ? [] : nextOf(row) };
    });
    result.push({ id: plan.patientIds[index]!, rows, next: rows.at(-1)?.next ?? [] });
  }
  return { patients: result, coverage: report };
}

function rowsOfPatients(counts: readonly number[]): number[][] {
  let first = 0;
  return counts.map((count) => {
    const indices = Array.from({ length: count }, (_, i) => first + i);
    first += count;
    return indices;
  });
}

function nextEvent(session: Session, id: number, logProb: number): NextEvent {
  const known =
    session.tokenizer !== null && id < session.tokenizer.size ? session.tokenizer.decode([id])[0] : undefined;
  return { ...known, id, probability: Math.exp(logProb), logProb };
}
