import type { Shard } from '../data/shard.ts';
import { checkBoolean, checkChoice, checkInteger, checkOptions, invalidArgument, optional } from '../options.ts';
import type { LabelName } from './rows.ts';

/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * What an output file says of itself. Beside the names below it may hold anything that is the same on every machine and at every repetition of
 * the run: the bytes of an output hang on it.
 */
export interface OutputMetadata {
  readonly [name: string]: Json | undefined;
  /** Version of the package. */
  readonly clmbr?: string;
  /** Set for the output of one shard, which `clmbr merge` takes. */
  readonly shard?: { readonly [name in keyof Shard]: number };
  /** Name of the report beside the output. */
  readonly report?: string;
}

/** How an output is to look, whatever its format. */
export interface OutputSettings {
  /** Replace a file that is there already. Default false. */
  overwrite?: boolean | undefined;
  /** Width of the vectors, for a file without rows; otherwise the rows tell. */
  dimensions?: number | undefined;
  /** Name of the column with the labels' values; without it there is none. */
  label?: LabelName | undefined;
  /** Write each row's number, its place in the output of the whole run, as the column `row`. Default: for shards only; in JSON Lines always. */
  rowNumbers?: boolean | undefined;
  metadata?: OutputMetadata | undefined;
}

/** JSON with sorted keys: equal content gives equal text. */
export function canonicalJson(value: Json | undefined): string {
  return JSON.stringify(value ?? null, (_key, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

export function hasRowNumbers({ rowNumbers, metadata }: OutputSettings): boolean {
  return rowNumbers ?? metadata?.shard !== undefined;
}

/** @throws ClmbrError `INVALID_ARGUMENT` */
export function checkOutputSettings(given: OutputSettings): OutputSettings {
  const settings = checkOptions<OutputSettings>(given, 'settings', [
    'overwrite',
    'dimensions',
    'label',
    'rowNumbers',
    'metadata',
  ]);
  optional(settings.overwrite, false, (value) => checkBoolean(value, 'overwrite'));
  optional(settings.dimensions, undefined, (value) => checkInteger(value, 'dimensions', 0, 2 ** 31 - 1));
  optional(settings.label, undefined, (value) =>
    checkChoice(value, 'label', ['boolean_value', 'integer_value', 'float_value', 'categorical_value']),
  );
  optional(settings.rowNumbers, undefined, (value) => checkBoolean(value, 'rowNumbers'));
  optional(settings.metadata, undefined, (value) => checkMetadata(value));
  return settings;
}

/** What JSON cannot say would fail when all rows are written. */
export function checkMetadata(value: unknown): void {
  let text: string | undefined;
  try {
    text = typeof value === 'object' && value !== null ? JSON.stringify(value) : undefined;
  } catch {
    text = undefined;
  }
  if (!text?.startsWith('{')) throw invalidArgument('metadata', 'an object that JSON can hold', value);
}
