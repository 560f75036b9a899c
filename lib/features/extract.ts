import type { Writable } from 'node:stream';
import type { DataPatient, Dataset, DataTokens } from '../data/dataset.ts';
import { openDataset } from '../data/open.ts';
import type { LabelCounts } from '../labels/index.ts';
import { ClmbrModel } from '../model/index.ts';
import type { EmbedResult } from '../model/index.ts';
import { checkInstance, checkString, invalidArgument } from '../options.ts';
import { assertNoInput } from '../output/format.ts';
import { JsonlStream, reportPathOf } from '../output/index.ts';
import { writeReport } from '../report/index.ts';
import type { DataReport } from '../report/index.ts';
import { runEmbedding } from '../run/index.ts';
import type { PlacedPatient } from '../run/index.ts';
import { checkExtractOptions } from './extract-options.ts';
import type { CheckedExtract, ExtractOptions } from './extract-options.ts';
import { provenanceOf } from './identity.ts';
import type { Provenance } from './identity.ts';
import { openLabelledData } from './labelled-data.ts';
import type { LabelledData } from './labelled-data.ts';

export interface ExtractResult {
  rows: number;
  /** Numbers of a row. */
  dimensions: number;
  /** Size of the output. */
  bytes: number;
  /** Patients that gave rows, those of an interrupted run included. */
  patients: number;
  resumedPatients: number;
  /** Tokens that this call computed. */
  tokens: number;
  /** What of the data was understood; null where the model has no vocabulary. */
  report: DataReport | null;
  /** Where the report lies as JSON; null with a stream. */
  reportPath: string | null;
  /** Null where neither labels nor a rule for label times were given. */
  labels: Readonly<LabelCounts> | null;
}

/**
 * Features of a whole data set: reads patients, joins label times, maps codes, embeds, and writes one row for each label in the order of the label
 * file (without labels: in the order of the data). A file comes with a report beside it, `x.report.json`. Results are kept while the run goes on,
 * so that an interrupted one can be resumed; the file is the same, byte by byte.
 *
 * @param data JSON Lines, a MEDS folder or file, an OMOP CDM, FHIR R4, or `-` for JSON Lines on standard input
 * @throws ClmbrError `INVALID_ARGUMENT`, `INVALID_INPUT`, `FILE_UNREADABLE`, `LOW_COVERAGE`, `WRITE_FAILED`, `RUN_EXISTS`, `RUN_MISMATCH`,
 *   `RUN_DAMAGED`; rejects with `signal.reason` when aborted, and keeps what was done
 */
export async function extractFeatures(
  model: ClmbrModel,
  data: string,
  options: ExtractOptions,
): Promise<ExtractResult> {
  checkInstance(model, 'model', ClmbrModel);
  checkString(data, 'data');
  const checked = checkExtractOptions(options);
  const { input, skipBadRows, zeroAsMissing, signal } = checked;
  const dataset = await openDataset(data, { input, skipBadRows, zeroAsMissing, signal });
  try {
    const work = new Work(model, checked, dataset);
    if (checked.unfinished === 'resume' && !work.canReadAgain)
      throw invalidArgument(
        'unfinished',
        "'refuse' or 'restart' with standard input, which cannot be read again",
        'resume',
      );
    const { out, labels, map, convertUnits } = checked;
    const tables = [labels, map, convertUnits].filter((file) => file !== undefined);
    if (typeof out === 'string') await assertNoInput(out, [...dataset.files, ...tables, model.info.path]);
    const { contextLength } = model.info;
    const source = await openLabelledData(dataset, checked, {
      tokenizer: model.tokenizer,
      contextLength,
      shard: checked.shard,
    });
    const { written, reportPath } =
      typeof out === 'string'
        ? await toFile(out, work, source, await provenanceOf(model, data, dataset, checked))
        : { written: await toStream(out, work, source), reportPath: null };
    const report = source.report?.report() ?? null;
    if (reportPath !== null && report !== null) await writeReport(reportPath, report);
    const { dimensions, tokens } = work;
    return { ...written, dimensions, tokens, report, reportPath, labels: source.counts };
  } finally {
    await dataset.close();
  }
}

/** What the model does for a run, and how far it is. */
class Work {
  readonly #model: ClmbrModel;
  readonly options: CheckedExtract;
  readonly #dataset: Dataset;
  readonly dimensions: number;
  /** Computed and taken. */
  #tokens = 0;
  #patients = 0;
  resumedPatients = 0;

  constructor(model: ClmbrModel, options: CheckedExtract, dataset: Dataset) {
    this.#model = model;
    this.options = options;
    this.#dataset = dataset;
    const { representation, recipe } = options.embed;
    const logits = representation === 'logits' || (representation === undefined && recipe === 'model-card');
    this.dimensions = logits ? model.info.vocabularySize : model.info.hiddenSize;
  }

  /** What went through a pipe is gone: nobody could tell whether the same comes again. */
  get canReadAgain(): boolean {
    return this.#dataset.files.length > 0;
  }

  get tokens(): number {
    return this.#tokens;
  }

  async *embed(patients: AsyncIterable<DataPatient | DataTokens>): AsyncGenerator<EmbedResult, void, undefined> {
    let current = { tokens: 0, totalTokens: 0, patients: 0 };
    const onProgress = (progress: typeof current): void => {
      current = progress;
      this.#tell(progress.tokens, progress.patients * (progress.tokens / Math.max(1, progress.totalTokens)));
    };
    for await (const result of this.#model.embedStream(patients, { ...this.options.embed, onProgress })) {
      yield result;
      this.#tokens += current.totalTokens;
      this.#patients += current.patients;
      current = { tokens: 0, totalTokens: 0, patients: 0 };
    }
  }

  #tell(tokens: number, patients: number): void {
    this.options.onProgress?.({
      patients: Math.floor(this.#patients + patients),
      tokens: this.#tokens + tokens,
      resumedPatients: this.resumedPatients,
      share: this.#dataset.progress(),
    });
  }
}

async function toFile(
  target: string,
  work: Work,
  source: LabelledData,
  { identity, metadata, assertUnchanged }: Provenance,
) {
  const { signal, unfinished, shard } = work.options;
  const reportPath = source.report === null ? null : reportPathOf(target);
  const written = await runEmbedding({
    ...{ target, identity, unfinished, signal, keepUnfinished: work.canReadAgain },
    patients: thenChecked(source.patients, assertUnchanged),
    prepare: (patient: DataPatient | DataTokens) => patient,
    embed: (patients) => work.embed(patients),
    output: {
      dimensions: work.dimensions,
      label: source.label,
      metadata: {
        ...metadata,
        ...(shard === undefined ? {} : { shard: { ...shard } }),
      },
    },
    onProgress: ({ resumedPatients }) => (work.resumedPatients = resumedPatients),
  });
  // Where nothing was left to compute nobody has read the patients, and the report is of all of them.
  for await (const _ of source.patients) work.options.signal?.throwIfAborted();
  return { written, reportPath };
}

/** An output of rows that were read before and after a change would be of no data at all. */
async function* thenChecked<T>(patients: AsyncIterable<T>, check: () => Promise<void>): AsyncGenerator<T> {
  yield* patients;
  await check();
}

async function toStream(stream: Writable, work: Work, source: LabelledData) {
  const writer = new JsonlStream(stream, { label: source.label });
  const waiting: PlacedPatient<DataPatient | DataTokens>[] = [];
  let patients = 0;
  async function* taken() {
    for await (const placed of source.patients) {
      waiting.push(placed);
      patients++;
      yield placed.patient;
    }
  }
  for await (const { rows, data, dimensions } of work.embed(taken())) {
    const positions: number[] = [];
    const labelled = [];
    // A chunk holds all rows of its patients.
    for (let first = 0; first < rows.length; ) {
      const { positions: own, labels } = waiting.shift()!;
      for (const [i, position] of own.entries()) {
        positions.push(position);
        labelled.push(labels === undefined ? rows[first + i]! : { ...rows[first + i]!, label: labels[i] ?? null });
      }
      first += own.length;
    }
    await writer.append({ data, dimensions, rows: labelled }, positions);
  }
  return { ...(await writer.commit(work.options.signal)), patients, resumedPatients: 0 };
}
