import type { CoverageCounter, CoverageReport } from '../coverage.ts';
import { CoverageCounter as Counter } from '../coverage.ts';
import { checkInteger } from '../options.ts';
import type { Patient } from '../types.ts';
import type { CheckedEmbedOptions } from './options.ts';
import { allocate, assertCoverage, planPatients, progressOf } from './session.ts';
import type { Session } from './session.ts';
import type { Average, RowInfo } from './windows.ts';

/** Vectors of patients. */
export class EmbedResult {
  /** All rows, one after the other: rows x dimensions. */
  readonly data: Float32Array;
  /** Numbers of one row: hiddenSize, or vocabularySize for logits. */
  readonly dimensions: number;
  /** What each row rests on: patients in input order, each with its label times in the order given. */
  readonly rows: readonly RowInfo[];
  /** How much of the events the vocabulary knew; cumulative in a stream. */
  readonly coverage: CoverageReport;

  constructor(data: Float32Array, dimensions: number, rows: readonly RowInfo[], coverage: CoverageReport) {
    this.data = data;
    this.dimensions = dimensions;
    this.rows = rows;
    this.coverage = coverage;
  }

  /**
   * A view of row `i`, not a copy.
   *
   * @throws ClmbrError INVALID_ARGUMENT
   */
  row(i: number): Float32Array {
    checkInteger(i, 'row', 0, this.rows.length - 1);
    return this.data.subarray(i * this.dimensions, (i + 1) * this.dimensions);
  }
}

/** Computes the vectors of some patients; `coverage` counts on where earlier calls of a stream stopped. */
export async function embedPatients(
  session: Session,
  patients: readonly Patient[],
  options: CheckedEmbedOptions,
  coverage: CoverageCounter = new Counter(),
  firstIndex = 0,
): Promise<EmbedResult> {
  options.signal?.throwIfAborted();
  const plan = await planPatients(session, patients, options, options.pooling, coverage, firstIndex);
  const report = coverage.report();
  assertCoverage(report, options.minCoverage);

  const { hiddenSize, vocabularySize } = session.model.hyperparameters;
  const width = options.representation === 'hidden' ? hiddenSize : vocabularySize;
  const data = allocate(plan.rows.length, width, 'numbers');
  const parts = allocate(plan.auxiliaryRows, width, 'numbers of windows');
  await session.queue.run({
    windows: plan.windows,
    destinations: [{ values: data }, { values: parts }],
    // One output for each token is the same as the last token of one-token ranges.
    pooling: options.pooling === 'none' ? 'last' : options.pooling,
    representation: options.representation,
    top: 0,
    signal: options.signal,
    onProgress: progressOf(plan, patients.length, options.onProgress),
  });
  for (const average of plan.averages) writeAverage(average, parts, data, width);
  return new EmbedResult(data, width, plan.rows, report);
}

function writeAverage({ row, parts }: Average, windows: Float32Array, data: Float32Array, width: number): void {
  const total = parts.reduce((sum, part) => sum + part.tokens, 0);
  for (let i = 0; i < width; i++) {
    let sum = 0;
    for (const part of parts) sum += part.tokens * windows[part.row * width + i]!;
    data[row * width + i] = sum / total;
  }
}
