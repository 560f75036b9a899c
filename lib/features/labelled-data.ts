import type { DataPatient, Dataset, DataTokens } from '../data/dataset.ts';
import { onlyShard, shardOf } from '../data/shard.ts';
import type { Shard } from '../data/shard.ts';
import { readLabels, withLabelRule, withLabels } from '../labels/index.ts';
import type { LabelCounts, LabelledPatient, LabelTable } from '../labels/index.ts';
import type { CodeMapper } from '../mapping/index.ts';
import { ClmbrError } from '../errors.ts';
import type { LabelName, LabelValue } from '../output/index.ts';
import { ReportCollector } from '../report/index.ts';
import { inOrder } from '../run/index.ts';
import type { PlacedPatient } from '../run/index.ts';
import type { ClmbrTokenizer } from '../tokenizer/index.ts';
import type { CheckedData } from './extract-options.ts';
import { openMapper } from './mapper.ts';

type AnyPatient = DataPatient | DataTokens;

/** Patients with their label times, in the words of the vocabulary, and what is known of them when all were taken. */
export interface LabelledData {
  patients: AsyncGenerator<PlacedPatient<AnyPatient>, void, undefined>;
  /** Null without a vocabulary: then patients must be token ids. */
  report: ReportCollector | null;
  /** Null without labels. */
  counts: Readonly<LabelCounts> | null;
  /** The column that holds the labels' values. */
  label: LabelName | undefined;
}

export interface LabelledDataSettings {
  tokenizer: ClmbrTokenizer | null;
  contextLength: number | undefined;
  shard: Shard | undefined;
}

/**
 * Joins patients and label times, and replaces codes and units.
 *
 * @throws ClmbrError `INVALID_INPUT`, `FILE_UNREADABLE`; the patients throw what their reader does
 */
export async function openLabelledData(
  dataset: Dataset,
  options: CheckedData,
  { tokenizer, contextLength, shard }: LabelledDataSettings,
): Promise<LabelledData> {
  const table = options.labels === undefined ? undefined : await readLabels(options.labels, given(options.signal));
  const { map, convertUnits, exactCase } = options;
  const mapper = tokenizer === null ? null : await openMapper(tokenizer, dataset, { map, convertUnits, exactCase });
  const report =
    tokenizer === null || mapper === null ? null : new ReportCollector(tokenizer, { dataset, mapper, contextLength });
  const column = onlyColumn(table, options.labels);
  const { placed, counts } = place(dataset, options, table, shard);
  return { patients: mapped(placed, mapper, report), report, counts, label: column?.name };
}

/** An output has one column of labels: of two, none may be lost without a word. */
function onlyColumn(
  table: LabelTable | undefined,
  path: string | undefined,
): LabelTable['columns'][number] | undefined {
  const columns = table?.columns ?? [];
  if (columns.length <= 1) return columns[0];
  throw new ClmbrError(
    'INVALID_INPUT',
    `${path}: expected values in one column of labels, found them in ${columns.map(({ name }) => name).join(', ')}.`,
  );
}

const given = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });

type Placed = AsyncGenerator<PlacedPatient<AnyPatient>, void, undefined>;

function place(
  dataset: Dataset,
  { at, skipUnknown }: CheckedData,
  table: LabelTable | undefined,
  shard: Shard | undefined,
): { placed: Placed; counts: Readonly<LabelCounts> | null } {
  const all = dataset.patients();
  if (table !== undefined) {
    // Labels of other shards' patients are not missed.
    const expects = shard === undefined ? undefined : (id: string | bigint) => shardOf(id, shard.count) === shard.index;
    const { patients, counts } = withLabels(shard === undefined ? all : onlyShard(all, shard), table, {
      skipUnknown,
      ...(expects === undefined ? {} : { expects }),
    });
    return { placed: withPositions(patients, table.columns[0]?.values), counts };
  }
  if (at !== undefined) {
    const { patients, counts } = withLabelRule(all, at);
    const placed = withPositions(patients);
    // Rows are numbered among all patients, so that shards fit together.
    return { placed: shard === undefined ? placed : ofShard(placed, shard), counts };
  }
  return { placed: inOrder<AnyPatient>(all, shard), counts: null };
}

async function* withPositions(patients: AsyncIterable<LabelledPatient>, values?: readonly LabelValue[]): Placed {
  for await (const { patient, labelRows } of patients) {
    const positions = Array.from(labelRows);
    const labels = values === undefined ? undefined : positions.map((row) => values[row] ?? null);
    yield { patient, positions, ...(labels === undefined ? {} : { labels }) };
  }
}

async function* ofShard(placed: Placed, { index, count }: Shard): Placed {
  for await (const one of placed) if (shardOf(one.patient.id, count) === index) yield one;
}

async function* mapped(placed: Placed, mapper: CodeMapper | null, report: ReportCollector | null): Placed {
  for await (const { patient, ...rest } of placed) {
    const result = mapper === null ? patient : mapper.mapPatient(patient);
    // Of patients whose rows an interrupted run left too: they are read again, and the report is of all.
    report?.addPatient(result);
    report?.addExpectedRows(result);
    yield { patient: result, ...rest };
  }
}
