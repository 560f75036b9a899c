import type { Writable } from 'node:stream';
import { dataKinds } from '../data/open.ts';
import type { DataKind } from '../data/dataset.ts';
import { parseShard } from '../data/shard.ts';
import type { Shard } from '../data/shard.ts';
import { labelRules } from '../labels/index.ts';
import type { LabelRule } from '../labels/index.ts';
import type { EmbedOptions } from '../model/index.ts';
import {
  checkBoolean,
  checkChoice,
  checkFunction,
  checkOptions,
  checkSignal,
  checkString,
  invalidArgument,
  optional,
  readable,
} from '../options.ts';
import type { UnfinishedRun } from '../run/index.ts';

/** How far a run is. */
export interface ExtractProgress {
  /** Patients and tokens that this process has computed. */
  patients: number;
  tokens: number;
  /** Patients whose rows an interrupted run had left. */
  resumedPatients: number;
  /** Share of the data that has been read, 0 to 1; null where its size is unknown. */
  share: number | null;
}

export interface DataOptions {
  /** Form of the data, instead of what its names and first bytes tell. */
  input?: DataKind;
  /** Count rows that break the format and go on, instead of an error. Default false. */
  skipBadRows?: boolean;
  /** A value of 0 counts as missing, as in hf_ehr's evaluation over MEDS. Default false. */
  zeroAsMissing?: boolean;
  /** CSV file with the columns `from` and `to`: codes that stand for others, before every other rule. */
  map?: string;
  /** CSV file with the columns `code`, `unit`, `factor` and `offset`: conversions of values. */
  convertUnits?: string;
  /** Take codes that differ in letter case for different ones, as the evaluation of the published models does. Default false. */
  exactCase?: boolean;
  /** File with the times at which patients are to be represented; see `readLabels`. */
  labels?: string;
  /** Label times from the events instead. Without `labels` and `at`, each patient gives one row from all its events (or its own label times). */
  at?: LabelRule;
  /** Leave labels out whose patients the data does not have, instead of an error. Default false. */
  skipUnknown?: boolean;
}

export interface ExtractOptions extends DataOptions, Omit<EmbedOptions, 'at' | 'onProgress'> {
  /**
   * The output: a name that ends in `.npz`, `.npy`, `.parquet` or `.jsonl`, replaced when complete; or a stream, which gets JSON Lines in order
   * of completion, each with its number.
   */
  out: string | Writable;
  /** A part of the patients, `I/N` counted from 0; see `shardOf`. */
  shard?: string;
  /** A run for the same output that was not finished: refuse (default), go on with it, or begin again. */
  unfinished?: UnfinishedRun;
  onProgress?: (progress: ExtractProgress) => void;
}

export interface CheckedData {
  input: DataKind | undefined;
  skipBadRows: boolean;
  zeroAsMissing: boolean;
  map: string | undefined;
  convertUnits: string | undefined;
  exactCase: boolean;
  labels: string | undefined;
  at: LabelRule | undefined;
  skipUnknown: boolean;
  signal: AbortSignal | undefined;
}

export interface CheckedExtract extends CheckedData {
  out: string | Writable;
  shard: Shard | undefined;
  unfinished: UnfinishedRun;
  onProgress: ((progress: ExtractProgress) => void) | undefined;
  /** What is left for `embedStream`. */
  embed: EmbedOptions;
}

const dataNames = [
  'input',
  'skipBadRows',
  'zeroAsMissing',
  'map',
  'convertUnits',
  'exactCase',
  'labels',
  'at',
  'skipUnknown',
] as const;

const embedNames = [
  'pooling',
  'representation',
  'recipe',
  'specialTokens',
  'overflow',
  'sharing',
  'minCoverage',
  'signal',
] as const;

const extractNames = [...dataNames, ...embedNames, 'out', 'shard', 'unfinished', 'onProgress'] as const;

/** @throws ClmbrError `INVALID_ARGUMENT` */
export function checkDataOptions(options: DataOptions & { signal?: AbortSignal }): CheckedData {
  const text = (name: 'map' | 'convertUnits' | 'labels') =>
    optional(options[name], undefined, (value) => checkString(value, name));
  const flag = (name: 'exactCase' | 'skipBadRows' | 'zeroAsMissing' | 'skipUnknown') =>
    optional(options[name], false, (value) => checkBoolean(value, name));
  const checked = {
    input: optional(options.input, undefined, (value) => checkChoice(value, 'input', dataKinds)),
    ...{ skipBadRows: flag('skipBadRows'), zeroAsMissing: flag('zeroAsMissing'), skipUnknown: flag('skipUnknown') },
    exactCase: flag('exactCase'),
    ...{ map: text('map'), convertUnits: text('convertUnits'), labels: text('labels') },
    at: optional(options.at, undefined, (value) => checkChoice(value, 'at', labelRules)),
    signal: optional(options.signal, undefined, (value) => checkSignal(value, 'signal')),
  };
  if (checked.labels !== undefined && checked.at !== undefined)
    throw invalidArgument('at', 'no rule beside a file of labels', checked.at);
  return checked;
}

/** @throws ClmbrError `INVALID_ARGUMENT` */
export function checkExtractOptions(given: ExtractOptions): CheckedExtract {
  const options = checkOptions<ExtractOptions>(given ?? null, 'options', extractNames);
  const { out, shard, unfinished, onProgress, ...rest } = options;
  const data = checkDataOptions(rest);
  // embedStream checks those that are left.
  const embed = Object.fromEntries(Object.entries(rest).filter(([name]) => embedNames.some((known) => known === name)));
  if (typeof out !== 'string' && !isWritable(out)) throw invalidArgument('out', 'the name of a file or a stream', out);
  return {
    ...data,
    out,
    shard: optional(shard, undefined, (value) => parseShard(checkString(value, 'shard'))),
    unfinished: optional(unfinished, 'refuse', (value) =>
      checkChoice(value, 'unfinished', ['refuse', 'resume', 'restart'] as const),
    ),
    onProgress: optional(onProgress, undefined, (value) =>
      checkFunction<(progress: ExtractProgress) => void>(value, 'onProgress'),
    ),
    embed,
  };
}

function isWritable(out: unknown): out is Writable {
  return typeof out === 'object' && readable('out', () => typeof (out as Writable | null)?.write) === 'function';
}
