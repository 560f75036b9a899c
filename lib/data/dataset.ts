import type { Event } from '../types.ts';

/** The forms of data that are read. */
export type DataKind = 'jsonl' | 'meds' | 'omop' | 'fhir';

/** Why a candidate code stands for an event's code; see `CodeMapper`. */
export type MappingRule =
  /** A row of the user's own table. */
  | 'table'
  /** The code as the data has it. */
  | 'same'
  /** `A//B` and `A//B//...` as `A/B`. */
  | 'separator'
  /** A parent code that the data's own code list names (MEDS `parent_codes`). */
  | 'parent'
  /** The standard concept of a row whose source concept is unknown to the vocabulary (OMOP). */
  | 'standard'
  /** Another coding of the same concept (FHIR). */
  | 'coding'
  /** A `Maps to` row of CONCEPT_RELATIONSHIP (OMOP). */
  | 'maps-to'
  /** Another letter case of the vocabulary's name (`GENDER/F` as `Gender/F`). */
  | 'letter-case';

/** A code that may stand for an event's own. */
export interface CodeCandidate {
  code: string;
  rule: MappingRule;
}

/** An event as a reader gives it: `start` and `end` are microseconds since 1970 UTC. */
export interface DataEvent extends Event {
  start?: bigint | null;
  end?: bigint | null;
  /**
   * Codes to try when the vocabulary does not have `code`, in order. Events with equal candidates share one array: what is worked out for it
   * is kept by its identity.
   */
  candidates?: readonly CodeCandidate[];
}

/** All events of a patient, in data-set order. */
export interface DataPatient {
  id: string | number | bigint;
  events: readonly DataEvent[];
  /** Label times that the data itself gives (JSON Lines only). */
  at?: readonly bigint[];
}

/** Token ids that the data gives instead of events (JSON Lines only). */
export interface DataTokens {
  id: string | number | bigint;
  ids: Int32Array;
}

export interface ReadDatasetOptions {
  /** Stops reading and rejects with its reason. */
  signal?: AbortSignal | undefined;
  /** Count rows that break the format under `bad-row` and go on, instead of an error that names file, row and column. Default false. */
  skipBadRows?: boolean | undefined;
  /** A value of 0 counts as missing, as in hf_ehr's evaluation over MEDS. Default false. */
  zeroAsMissing?: boolean | undefined;
}

/** Patients of a folder, file or stream. Readers are `open...(path, options)` functions that resolve to one. */
export interface Dataset {
  readonly kind: DataKind;
  /** The files that will be read, in order; none for standard input. */
  readonly files: readonly string[];
  /** What was read and gave no event, by reason: short fixed names such as `no-concept`. Grows while patients are read. */
  readonly skipped: Readonly<Record<string, number>>;
  /**
   * Every patient once, in the order of the data, which is the same each time. Memory is bounded by the largest patient; nothing is read ahead
   * of the caller beyond one piece of a file.
   *
   * @throws ClmbrError `INVALID_INPUT` that names file, row and column, and never a value; `FILE_UNREADABLE`
   */
  patients(): AsyncGenerator<DataPatient | DataTokens, void, undefined>;
  /** More codes to try for a code of the data, where they hang on the code alone (MEDS `parent_codes`). */
  candidates?(code: string): readonly CodeCandidate[];
  /** What a code means, where the data says it. */
  describe?(code: string): string | undefined;
  /** Share of the input that has been read, 0 to 1; null where its size is unknown. */
  progress(): number | null;
  /** Releases files and databases. May be called twice. */
  close(): Promise<void>;
}
