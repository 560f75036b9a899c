import type { CoverageCounter, CoverageReport } from '../coverage.ts';
import { CoverageCounter as Counter } from '../coverage.ts';
import { ClmbrError } from '../errors.ts';
import type { NativeDestination } from '../native/index.ts';
import { checkInteger } from '../options.ts';
import type { WindowStream } from '../scheduler/index.ts';
import type { Patient } from '../types.ts';
import { breathe, isOutOfBreath } from './breathe.ts';
import type { CheckedEmbedOptions } from './options.ts';
import { CallProgress, allocate, assertCoverage, assertHeapRoom, eachTimeline } from './session.ts';
import type { Session } from './session.ts';
import { WindowPlanner } from './windows.ts';
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

/** Tokens that are read before the first of them are computed, while reading goes on. */
const readAhead = 65_536;

/** What the `RowInfo` of a token takes of the heap. */
const tokenRowBytes = 400;

/** Computes the vectors of some patients. */
export async function embedPatients(
  session: Session,
  patients: readonly Patient[],
  options: CheckedEmbedOptions,
): Promise<EmbedResult> {
  const stream = openStream(session, options);
  try {
    return await embedThrough(stream, session, patients, options);
  } finally {
    stream.close();
  }
}

/** The way through the queue for calls of these options. */
export function openStream(session: Session, { pooling, representation, signal }: CheckedEmbedOptions): WindowStream {
  // One output for each token is the same as the last token of one-token ranges.
  return session.queue.open({ pooling: pooling === 'none' ? 'last' : pooling, representation, top: 0, signal });
}

/** As `embedPatients`; `coverage` counts on where earlier chunks of patients stopped. */
export async function embedThrough(
  stream: WindowStream,
  session: Session,
  patients: readonly Patient[],
  options: CheckedEmbedOptions,
  coverage: CoverageCounter = new Counter(),
  firstIndex = 0,
): Promise<EmbedResult> {
  options.signal?.throwIfAborted();
  const { hiddenSize, vocabularySize, contextLength } = session.model.hyperparameters;
  const width = options.representation === 'hidden' ? hiddenSize : vocabularySize;
  const planner = new WindowPlanner(contextLength, options.pooling, options.overflow, options.sharing);
  const { plan, windows } = planner;
  const progress = new CallProgress(patients.length, options.onProgress);
  const groups: Promise<void>[] = [];
  let data: Float32Array | undefined;
  const compute = (destinations: NativeDestination[]): void => {
    const group = stream.add({ windows: windows.take(), destinations, onProgress: progress.add });
    // Whoever fails while patients are still read is asked below.
    group.catch(() => undefined);
    groups.push(group);
  };
  const use = async (): Promise<void> => {
    data ??= allocate(await countRows(patients, options.at), width, 'numbers');
    compute([{ values: data }]);
  };
  const isKnown = options.pooling !== 'none' && options.overflow !== 'mean';
  await eachTimeline(
    session,
    patients,
    options,
    coverage,
    (timeline, index) => {
      if (options.pooling === 'none') {
        const tokens = timeline.rows.reduce((sum, { ids }) => sum + Math.min(ids.length, contextLength), 0);
        assertHeapRoom(tokens, tokenRowBytes, 'rows');
      }
      planner.add(timeline, index);
      return isKnown && windows.waitingTokens >= readAhead ? use() : undefined;
    },
    firstIndex,
  );
  coverage.addEmptyRows(plan.emptyRows);
  const report = coverage.report();
  assertCoverage(report, options.minCoverage);

  data ??= allocate(plan.rows.length, width, 'numbers');
  assertRows(data, plan.rows.length * width);
  const parts = allocate(plan.auxiliaryRows, width, 'numbers of windows');
  const destinations = [{ values: data }, { values: parts }];
  progress.begin(windows.totalTokens, plan.rows.length);
  compute(destinations);
  await Promise.all(groups);
  windows.copyResults(destinations, { values: width });
  for (const average of plan.averages) writeAverage(average, parts, data, width);
  return new EmbedResult(data, width, plan.rows, report);
}

/** Rows that patients will have, one for each label time, before any of them is read: what is no patient is refused when it is. */
async function countRows(patients: readonly Patient[], at: CheckedEmbedOptions['at']): Promise<number> {
  let rows = 0;
  for (const [i, patient] of patients.entries()) {
    // An array has a method of that name.
    const times: unknown = at?.[i] ?? (patient as { at?: unknown } | null | undefined)?.at;
    rows += Array.isArray(times) ? times.length : 1;
    if (isOutOfBreath()) await breathe();
  }
  return rows;
}

function assertRows(data: Float32Array, expected: number): void {
  if (data.length === expected) return;
  throw new ClmbrError('INVALID_INPUT', 'at: expected the label times of patients to stay as they are during a call.');
}

function writeAverage({ row, parts }: Average, windows: Float32Array, data: Float32Array, width: number): void {
  const total = parts.reduce((sum, part) => sum + part.tokens, 0);
  for (let i = 0; i < width; i++) {
    let sum = 0;
    for (const part of parts) sum += part.tokens * windows[part.row * width + i]!;
    data[row * width + i] = sum / total;
  }
}
