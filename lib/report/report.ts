import type { DataKind, MappingRule } from '../data/dataset.ts';
import type { UnitConversion } from '../mapping/index.ts';
import type { DropReason } from '../types.ts';
import type { LengthSummary } from './lengths.ts';
import type { UnitSuspect, ValueReport } from './units.ts';

/** A code of the data that the vocabulary does not have under any rule. Longer codes than 256 characters are cut. */
export interface UnmappedCode {
  code: string;
  /** Events. Beyond 200,000 distinct unknown codes a lower bound. */
  count: number;
  /** What the data says that the code means; null where it does not. */
  description: string | null;
}

/**
 * How much of a data set the vocabulary understood. Holds codes, units and counts, and no value, time or identifier of a patient. The names and
 * their order do not change within a `version`.
 */
export interface DataReport {
  version: 1;
  /** Form of the data; null where the collector was not told of it. */
  input: DataKind | null;
  patients: number;
  /** Of these, patients that came as token ids: they count under `patients`, `tokens` and `rows` only. */
  patientsAsTokens: number;
  /** Events as the tokenizer met them: those of the data, and those that the table of codes added. */
  events: number;
  /** Events that gave a token. */
  mapped: number;
  /** `mapped / events`, from 0 to 1; 1 where there were no events. */
  share: number;
  /** Events by the rule that gave their code; `unknown` where none did. Null without a mapper. */
  mapping: (Record<MappingRule, number> & { unknown: number; added: number }) | null;
  /** Events without a token, by reason. */
  dropped: Record<DropReason, number>;
  /** What the reader left out, by reason. */
  skipped: Record<string, number>;
  /** Most frequent first. */
  topUnmapped: UnmappedCode[];
  /** All tokens before any truncation. */
  tokens: number;
  /** Tokens of a patient before any truncation; null where there were no patients. See `LengthHistogram`. */
  tokensPerPatient: LengthSummary | null;
  rows: {
    total: number;
    /** Rows without any token. */
    empty: number;
    /** Rows whose timeline is longer than the context; null where the context is not known. */
    truncated: number | null;
    /** Label times before the first event of their patient that has a time. */
    beforeFirstEvent: number;
  };
  /** Targets of the table of codes that the vocabulary does not have. */
  unknownTargets: number;
  /** Conversions of units that were asked for, with the events that each changed. */
  conversions: UnitConversion[];
  /** Codes whose values pile up in their lowest or highest range; see `findSuspects`. */
  suspects: UnitSuspect[];
  /** Codes that have ranges in the vocabulary and values in the data, in the order of the vocabulary. */
  values: ValueReport[];
}
