import type { CheckedModel } from '../architecture/index.ts';
import type { CoverageCounter, CoverageReport } from '../coverage.ts';
import { ClmbrError } from '../errors.ts';
import { heapRoom } from '../heap.ts';
import { checkArray } from '../options.ts';
import type { BatchQueue } from '../scheduler/index.ts';
import type { ClmbrTokenizer } from '../tokenizer/index.ts';
import type { Patient } from '../types.ts';
import { breathe, isOutOfBreath } from './breathe.ts';
import type { CheckedPatientOptions, Progress } from './options.ts';
import { readTimeline } from './timeline.ts';
import type { Timeline } from './timeline.ts';

/** What the calls on a loaded model share. */
export interface Session {
  model: CheckedModel;
  tokenizer: ClmbrTokenizer | null;
  queue: BatchQueue;
  /** What holds memory between calls of an iterator, and frees it when the model is disposed of. */
  open: Set<WeakRef<{ dispose(): void }>>;
}

/** Events below which no share of them says anything. */
const fewEvents = 100;

/** @throws ClmbrError LOW_COVERAGE when too few of the events seen so far are in the vocabulary */
export function assertCoverage(report: CoverageReport, minCoverage: number): void {
  if (report.events < fewEvents || report.share >= minCoverage) return;
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  const top = report.topUnmapped.slice(0, 5).map(({ code, count }) => `${code} (${count})`);
  const examples = top.length === 0 ? '' : ` The most frequent unknown codes: ${top.join(', ')}.`;
  throw new ClmbrError(
    'LOW_COVERAGE',
    `Expected at least ${percent(minCoverage)} of the events in the vocabulary, found ${report.mapped} of ${report.events} ` +
      `(${percent(report.share)}): map the codes to the form 'VOCABULARY/code', or lower \`minCoverage\`.${examples}`,
    { details: { coverage: report, minCoverage } },
  );
}

export function checkPatients(patients: unknown, parameter = 'patients'): readonly Patient[] {
  return checkArray(patients, parameter, 'patients') as readonly Patient[];
}

/**
 * Reads the timelines of all patients, one after the other. Long inputs are worked on in slices between which the event loop runs.
 *
 * @param use what becomes of each; `index` is how messages name the patient
 */
export async function eachTimeline(
  session: Session,
  patients: readonly Patient[],
  options: CheckedPatientOptions,
  coverage: CoverageCounter,
  use: (timeline: Timeline, index: number) => void | Promise<void>,
  firstIndex = 0,
): Promise<void> {
  if (options.at !== undefined && options.at.length !== patients.length) {
    throw new ClmbrError(
      'INVALID_ARGUMENT',
      `at: expected label times for ${patients.length} patients, found ${options.at.length}.`,
    );
  }
  const context = {
    tokenizer: session.tokenizer,
    vocabularySize: session.model.hyperparameters.vocabularySize,
    specialTokens: options.specialTokens,
    coverage,
    signal: options.signal,
  };
  for (let i = 0; i < patients.length; i++) {
    const used = use(await readTimeline(patients[i]!, firstIndex + i, options.at?.[i], context), firstIndex + i);
    if (used !== undefined) await used;
    if (isOutOfBreath()) await breathe();
    options.signal?.throwIfAborted();
  }
}

/** Turns what the queue reports into what callers are told, from when it is known how much there is to compute. */
export class CallProgress {
  readonly #patients: number;
  readonly #onProgress: ((progress: Progress) => void) | undefined;
  #whole: { totalTokens: number; rows: number } | undefined;
  #tokens = 0;

  constructor(patients: number, onProgress: ((progress: Progress) => void) | undefined) {
    this.#patients = patients;
    this.#onProgress = onProgress;
  }

  begin(totalTokens: number, rows: number): void {
    this.#whole = { totalTokens, rows };
    if (this.#tokens > 0) this.#report();
  }

  readonly add = (_: number, tokens: number): void => {
    this.#tokens += tokens;
    this.#report();
  };

  #report(): void {
    if (this.#whole === undefined) return;
    this.#onProgress?.({ tokens: this.#tokens, ...this.#whole, patients: this.#patients });
  }
}

/** Floats for results; a typed array that is too large is an error of its own kind. */
export function allocate(rows: number, width: number, what: string): Float32Array {
  return allocated((length) => new Float32Array(length), rows, width, what);
}

export function allocateIds(rows: number, width: number, what: string): Int32Array {
  return allocated((length) => new Int32Array(length), rows, width, what);
}

/**
 * Objects for results come out of the heap of JavaScript, whose end is that of the process: more than fit are refused beforehand.
 *
 * @param bytes that one of them takes, as measured
 * @throws ClmbrError OUT_OF_MEMORY
 */
export function assertHeapRoom(objects: number, bytes: number, what: string): void {
  const { left, limit } = heapRoom();
  if (objects * bytes <= left) return;
  throw new ClmbrError(
    'OUT_OF_MEMORY',
    `Expected results that fit the heap, found ${objects} ${what}: ask for fewer, or for fewer patients or label times at a time.`,
    { details: { objects, bytes: objects * bytes, limit } },
  );
}

function allocated<T>(make: (length: number) => T, rows: number, width: number, what: string): T {
  try {
    return make(rows * width);
  } catch (cause) {
    throw new ClmbrError(
      'OUT_OF_MEMORY',
      `Could not get memory for ${rows} x ${width} ${what}: use embedStream, or fewer patients at a time.`,
      {
        cause,
        details: { rows, width },
      },
    );
  }
}
