import { ClmbrError } from '../errors.ts';
import {
  checkArray,
  checkAsyncIterable,
  checkBoolean,
  checkChoice,
  checkFunction,
  checkInteger,
  checkMethods,
  checkOptions,
  checkSignal,
  checkString,
  optional,
} from '../options.ts';
import { assertWritableOutput, writeOutput } from '../output/format.ts';
import { checkMetadata, checkOutputSettings } from '../output/metadata.ts';
import type { Json, OutputSettings } from '../output/metadata.ts';
import type { OutputRows, WrittenFile } from '../output/rows.ts';
import { ChunkRecorder } from './chunk-recorder.ts';
import type { RunIdentity } from './manifest.ts';
import type { PlacedPatient } from './placed.ts';
import { mostRows, RunFolder } from './run-folder.ts';
import type { UnfinishedRun } from './run-folder.ts';

/** What a caller counts along the way, for a report that is the same after an interruption. */
export interface RunCounters {
  /** What was counted since the last call, as JSON; called when the last patient of a chunk has been prepared and none after it was asked for. */
  take(): Json;
  /** Told what each chunk counted, in order: those of the interrupted run first, then each new one when its rows are safe. */
  add(state: Json): void;
}

export interface RunProgress {
  /** Patients and rows whose results are safe. */
  patients: number;
  rows: number;
  /** Those of them that were there when this process began. */
  resumedPatients: number;
  resumedRows: number;
}

export interface EmbeddingRun<P, Q> {
  /** The output; its name ends in `.npz`, `.npy`, `.parquet` or `.jsonl`. A file that is there is replaced when the new one is complete. */
  target: string;
  /** Everything that the results hang on, by name: digests of the model and the labels, files of the data, options, shard, version. */
  identity: RunIdentity;
  /** Patients in the order of the data, which is the same each time. */
  patients: AsyncIterable<PlacedPatient<P>>;
  /** Makes a patient ready for the model; not called for those whose rows are there already. */
  prepare: (patient: P) => Q;
  /** Rows in the order of the patients: as many for each as it has places. */
  embed: (patients: AsyncGenerator<Q, void, undefined>) => AsyncIterable<OutputRows>;
  output?: Omit<OutputSettings, 'overwrite'>;
  /** Keep the chunks of a run that fails or is stopped, for a later one to go on with. Default true. */
  keepUnfinished?: boolean | undefined;
  /** A run for this target that was not finished: an error (the default), go on with it, or begin again. */
  unfinished?: UnfinishedRun | undefined;
  counters?: RunCounters | undefined;
  onProgress?: ((progress: RunProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Patients of a chunk at most. Default 256. What is lost by an interruption is about a chunk. */
  chunkPatients?: number | undefined;
}

export interface RunResult extends WrittenFile {
  patients: number;
  resumedPatients: number;
  resumedRows: number;
}

const defaultChunkPatients = 256;

/**
 * Computes rows and writes them to a file, so that an interruption at any moment costs little: results are kept in chunks of consecutive patients
 * in a folder beside the target (`.features.parquet.run`, for the owner only) until the file is complete. The file is the same, byte by byte,
 * however often the run was interrupted, where `embed` gives the same rows whatever patients it gets together.
 *
 * Two processes never work on one run: the second one is refused while the first one lives (`.features.parquet.run.lock`).
 *
 * @throws ClmbrError `RUN_EXISTS`, `RUN_MISMATCH`, `RUN_DAMAGED`, `INVALID_ARGUMENT`, `WRITE_FAILED`; whatever `patients`, `prepare` and `embed` throw,
 *   and `signal.reason`. What was done stays for a later run.
 */
export async function runEmbedding<P, Q>(given: EmbeddingRun<P, Q>): Promise<RunResult> {
  const run = checkRun(given);
  const { target, identity, counters, signal, output = {} } = run;
  await assertWritableOutput(target, true);
  const onState = (state: Json): void => counters?.add(state);
  const folder = await RunFolder.open(target, identity, run.unfinished ?? 'refuse', onState, signal);
  const resumed = folder.done;
  const report = (): void => {
    const { patients, rows } = folder.done;
    run.onProgress?.({ patients, rows, resumedPatients: resumed.patients, resumedRows: resumed.rows });
  };
  try {
    report();
    const recorder = new ChunkRecorder(folder, (state) => {
      onState(state);
      report();
    });
    if (!folder.isComplete) await compute(run, folder, recorder);
    const settings = { ...output, overwrite: true };
    const written = await folder.withRows((rows) =>
      writeOutput(rows, { path: target, settings, workFolder: folder.path, signal }),
    );
    const { patients } = folder.done;
    await folder.remove();
    return { ...written, patients, resumedPatients: resumed.patients, resumedRows: resumed.rows };
  } catch (error) {
    if (folder.done.chunks === 0 || run.keepUnfinished === false) await folder.remove();
    else await folder.leave();
    throw error;
  }
}

function checkPlaced<P>(placed: PlacedPatient<P>): PlacedPatient<P> {
  const copy = checkOptions<PlacedPatient<P>>(placed ?? null, 'patients', ['patient', 'positions', 'labels']);
  for (const position of checkArray(copy.positions, 'patients.positions', 'numbers of rows'))
    checkInteger(position, 'patients.positions', 0, mostRows - 1);
  return copy as PlacedPatient<P>;
}

function checkRun<P, Q>(given: EmbeddingRun<P, Q>): EmbeddingRun<P, Q> {
  const run = checkOptions<EmbeddingRun<P, Q>>(given ?? null, 'run', runNames) as EmbeddingRun<P, Q>;
  checkString(run.target, 'target');
  checkMetadata(run.identity);
  checkAsyncIterable(run.patients, 'patients');
  checkFunction(run.prepare, 'prepare');
  checkFunction(run.embed, 'embed');
  optional(run.keepUnfinished, undefined, (value) => checkBoolean(value, 'keepUnfinished'));
  optional(run.unfinished, undefined, (value) => checkChoice(value, 'unfinished', ['refuse', 'resume', 'restart']));
  optional(run.counters, undefined, (value) => checkMethods(value, 'counters', 'counters', 'take'));
  optional(run.onProgress, undefined, (value) => checkFunction(value, 'onProgress'));
  optional(run.signal, undefined, (value) => checkSignal(value, 'signal'));
  optional(run.chunkPatients, undefined, (value) => checkInteger(value, 'chunkPatients', 1, 1_000_000));
  return { ...run, output: checkOutputSettings(run.output ?? {}) };
}

const runNames = [
  ...([
    'target',
    'identity',
    'patients',
    'prepare',
    'embed',
    'output',
    'unfinished',
    'keepUnfinished',
    'counters',
  ] as const),
  ...(['onProgress', 'signal', 'chunkPatients'] as const),
] as const;

async function compute<P, Q>(run: EmbeddingRun<P, Q>, folder: RunFolder, recorder: ChunkRecorder): Promise<void> {
  const { signal } = run;
  try {
    for await (const rows of run.embed(patientsToCompute(run, folder.done.patients, recorder))) {
      signal?.throwIfAborted();
      await recorder.add(rows);
    }
    signal?.throwIfAborted();
    await recorder.finish();
  } catch (error) {
    await recorder.discard();
    throw error;
  }
}

async function* patientsToCompute<P, Q>(
  { patients, prepare, counters, chunkPatients = defaultChunkPatients, target }: EmbeddingRun<P, Q>,
  done: number,
  recorder: ChunkRecorder,
): AsyncGenerator<Q, void, undefined> {
  const take = (): Json => counters?.take() ?? null;
  let [skipped, inChunk] = [0, 0];
  for await (const placed of patients) {
    const { patient, positions, labels } = checkPlaced(placed);
    if (skipped < done) {
      skipped++;
      // Their chunks say already what was counted up to here.
      if (skipped === done) take();
      continue;
    }
    const prepared = prepare(patient);
    inChunk++;
    const isLast = inChunk === chunkPatients;
    recorder.expect({ positions, labels, ...(isLast ? { endOfChunk: { state: take() } } : {}) });
    if (isLast) inChunk = 0;
    yield prepared;
  }
  if (skipped < done)
    throw new ClmbrError(
      'RUN_MISMATCH',
      `The data has ${skipped} patients now, and the run for ${target} has done ${done}; begin it again (--restart).`,
      { details: { path: target, expected: done, found: skipped } },
    );
  recorder.expectNoMore(take());
}
