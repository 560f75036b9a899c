/** A moment: a `Date`, an ISO 8601 string (without an offset it is UTC), or microseconds since 1970-01-01 UTC. */
export type Time = Date | string | bigint;

/** One coded medical event. Only `code` is required. */
export interface Event {
  /** `VOCABULARY/code`, for example `LOINC/4548-4`. */
  code: string;
  /** A number for a measurement, a string for a category; nothing (or `''`) for a bare event. */
  value?: number | string | boolean | null;
  /** Carried along, ignored by the model: value ranges are matched by number alone. */
  unit?: string | null;
  /** When the event happened. Without it the event is static and belongs to every label time. */
  start?: Time | null;
  end?: Time | null;
  /** The OMOP table that the event came from. */
  omopTable?: string | null;
}

/** Events of one patient with an identifier of the caller's choice. */
export interface PatientRecord {
  id?: string | number | bigint;
  events: readonly Event[];
  /** Label times: one result row for each. */
  at?: readonly Time[];
}

/** Token ids of one patient with an identifier of the caller's choice. */
export interface TokenRecord {
  id?: string | number | bigint;
  ids: readonly number[] | Int32Array;
}

/** A patient: events in data-set order, or token ids taken as they are. */
export type Patient = readonly Event[] | PatientRecord | readonly number[] | Int32Array | TokenRecord;

/** Why an event gave no token. */
export type DropReason =
  /** The vocabulary does not have the code. */
  | 'unknown-code'
  /** The code has value ranges and the number lies in none of them. */
  | 'value-outside-ranges'
  /** The code has categories and none of them holds the text. */
  | 'no-matching-category'
  /** The vocabulary has the code with values only, and the event has none that applies. */
  | 'no-plain-entry';

/** Storage types of weights. All compute is F32. */
export type WeightType = 'F32' | 'F16' | 'BF16' | 'Q8_0';
