import type { CoverageCounter } from '../coverage.ts';
import { ClmbrError } from '../errors.ts';
import type { ClmbrTokenizer, DroppedEvent } from '../tokenizer/index.ts';
import { bosId, clsId, eosId } from '../tokenizer/index.ts';
import { toMicroseconds } from '../time.ts';
import type { Event, Patient, Time } from '../types.ts';
import { breathe } from './breathe.ts';
import { invalidInput, partsOf } from './patient-input.ts';
import { itemAt, lengthOf, reading } from './reading.ts';
import { upperBound } from './upper-bound.ts';

/** What one result row rests on. */
export interface Row {
  /** Microseconds since 1970, or null where no label time was given. */
  time: bigint | null;
  /** Token ids up to the label time, special tokens included, before the context cuts them; `prefix` tells whether they begin `ids`. */
  ids: Int32Array;
  /** Whether `ids` are the first ids of the whole timeline, so that one pass serves several rows. */
  prefix: boolean;
  /** For each of `ids` the index of its event in the input; -1 for special tokens and for token ids. */
  events: Int32Array;
  /** Events up to the label time that gave no token. */
  dropped: number;
}

type EventEncoder = ReturnType<ClmbrTokenizer['encoder']>;

/** A patient's rows; those with `prefix` begin with the same tokens. */
export interface Timeline {
  id: string | number | bigint;
  rows: Row[];
  /** All tokens, whatever the label times, without special ones; `events` as in `Row`, null where token ids were given. */
  whole: { ids: Int32Array; events: Int32Array | null };
  /** The events that gave no token. To be asked for before the next patient is read with the same context. */
  dropped(): DroppedEvent[];
}

export interface TimelineContext {
  /** null: the model has no vocabulary and takes token ids only. */
  tokenizer: ClmbrTokenizer | null;
  vocabularySize: number;
  specialTokens: boolean;
  coverage: CoverageCounter;
  /** Heard while a long timeline is read. */
  signal: AbortSignal | undefined;
  /** Set by the first patient with events, and used again by those after it. */
  encoder?: EventEncoder;
  /** What errors call the patient; without it `patients[index]`. */
  name?: string;
}

/** Events between two looks at the clock. */
const slice = 512;

/**
 * Tokens and rows of one patient. Long timelines are worked on in slices between which the event loop runs.
 *
 * @param at label times from the call's options; without them the patient's own
 * @throws ClmbrError INVALID_INPUT that names patient, event and key, never a value; NO_VOCABULARY
 */
export async function readTimeline(
  patient: Patient,
  index: number,
  at: readonly Time[] | undefined,
  context: TimelineContext,
): Promise<Timeline> {
  const where = context.name ?? `patients[${index}]`;
  const { id, events, ids, ownTimes } = partsOf(patient, where);
  const times = at ?? ownTimes;
  const labels =
    times === undefined
      ? undefined
      : reading(`${where}.at`, () => Array.from(times, (time, i) => toMicroseconds(time, `${where}.at[${i}]`)));
  if (ids !== undefined) {
    if (labels !== undefined)
      throw invalidInput(`${where}.at`, 'no label times with token ids, which have no times', labels);
    return fromIds(id ?? index, await checkIds(ids, `${where}.ids`, context), context);
  }
  return fromEvents(id ?? index, events!, labels, where, context);
}

async function checkIds(
  ids: ArrayLike<number>,
  where: string,
  { vocabularySize, signal }: TimelineContext,
): Promise<Int32Array> {
  const checked = new Int32Array(lengthOf(ids, where));
  for (let i = 0; i < checked.length; i++) {
    const id: unknown = itemAt(ids, i, where);
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= vocabularySize) {
      throw invalidInput(`${where}[${i}]`, `a token id from 0 to ${vocabularySize - 1}`, id);
    }
    checked[i] = id;
    if (i % (64 * slice) === 0) await breathe(signal);
  }
  return checked;
}

/** Token ids are taken as they are; special tokens go around them like around events. */
function fromIds(
  id: string | number | bigint,
  ids: Int32Array,
  { specialTokens, coverage }: TimelineContext,
): Timeline {
  coverage.addPatient(0);
  const rows = [makeRow(ids, new Int32Array(ids.length).fill(-1), null, 0, specialTokens)];
  return { id, rows, whole: { ids, events: null }, dropped: () => [] };
}

function makeRow(
  ids: Int32Array,
  events: Int32Array,
  time: bigint | null,
  dropped: number,
  specialTokens: boolean,
): Row {
  if (!specialTokens) return { time, ids, events, prefix: true, dropped };
  return {
    time,
    ids: surround(ids, [clsId, bosId], [eosId]),
    events: surround(events, [-1, -1], [-1]),
    prefix: false,
    dropped,
  };
}

function surround(list: Int32Array, before: readonly number[], after: readonly number[]): Int32Array {
  const result = new Int32Array(before.length + list.length + after.length);
  result.set(before);
  result.set(list, before.length);
  result.set(after, before.length + list.length);
  return result;
}

async function fromEvents(
  id: string | number | bigint,
  list: readonly Event[],
  labels: readonly bigint[] | undefined,
  where: string,
  context: TimelineContext,
): Promise<Timeline> {
  const { tokenizer, coverage, signal } = context;
  const count = lengthOf(list, `${where}.events`);
  if (tokenizer === null) {
    // An empty list may be meant as token ids, and means the same.
    if (count === 0 && labels === undefined) return fromIds(id, new Int32Array(0), context);
    throw new ClmbrError(
      'NO_VOCABULARY',
      `${where}: the model carries no vocabulary, expected token ids, or load it with the option \`tokenizer\`.`,
    );
  }
  const encoder = (context.encoder ??= tokenizer.encoder({
    capacity: count,
    onDrop: (code, reason) => coverage.addDropped(code, reason),
  }));
  encoder.reset();
  const dropped = new Uint8Array(labels === undefined ? 0 : count);
  const times = labels === undefined ? undefined : new BigInt64Array(count);
  for (let i = 0; i < count; i++) {
    const event = itemAt(list, i, where);
    const gaveToken = pushNamed(encoder, event, i, where);
    if (times !== undefined) {
      times[i] = startOf(event, `${where}.events[${i}].start`);
      dropped[i] = gaveToken ? 0 : 1;
    }
    if (i % slice === slice - 1) await breathe(signal);
  }
  coverage.addPatient(count);
  const ids = encoder.ids();
  const events = encoder.events();
  const rows =
    labels === undefined
      ? [makeRow(ids, events, null, encoder.droppedCount, context.specialTokens)]
      : await labelledRows({ ids, events, times: times!, dropped }, labels, context);
  return { id, rows, whole: { ids, events }, dropped: () => encoder.dropped() };
}

function pushNamed(encoder: EventEncoder, event: Event, i: number, where: string): boolean {
  try {
    return encoder.push(event, i) >= 0;
  } catch (error) {
    if (!(error instanceof ClmbrError)) throw error;
    throw new ClmbrError(error.code, `${where}.${error.message}`, {
      cause: error.cause,
      details: { ...error.details },
    });
  }
}

/** Before everything else: an event without a start belongs to every label time. */
const always = -(2n ** 63n);

function startOf(event: Event, where: string): bigint {
  let start: Time | null | undefined;
  try {
    start = event.start;
  } catch (cause) {
    throw new ClmbrError('INVALID_INPUT', `${where}: reading it failed.`, { cause });
  }
  return start === undefined || start === null ? always : toMicroseconds(start, where);
}

interface KnownEvents {
  ids: Int32Array;
  events: Int32Array;
  times: BigInt64Array;
  dropped: Uint8Array;
}

/** One row for each label time, from the events that start at or before it, in their own order. */
async function labelledRows(
  known: KnownEvents,
  labels: readonly bigint[],
  { specialTokens, signal }: TimelineContext,
): Promise<Row[]> {
  const { ids, events, times } = known;
  const droppedBefore = new Int32Array(times.length + 1);
  let sorted = true;
  for (let i = 0; i < times.length; i++) {
    droppedBefore[i + 1] = droppedBefore[i]! + known.dropped[i]!;
    if (i > 0 && times[i]! < times[i - 1]!) sorted = false;
  }
  const rows: Row[] = [];
  for (const time of labels) {
    await breathe(signal);
    if (sorted) {
      const eventCount = upperBound(times, time);
      const kept = upperBound(events, eventCount - 1);
      rows.push(
        makeRow(ids.subarray(0, kept), events.subarray(0, kept), time, droppedBefore[eventCount]!, specialTokens),
      );
    } else {
      rows.push(unsortedRow(known, time, specialTokens));
    }
  }
  return rows;
}

/** Events out of order: what a label sees is a selection, only sometimes the beginning of the timeline. */
function unsortedRow({ ids, events, times, dropped }: KnownEvents, time: bigint, specialTokens: boolean): Row {
  const visible = (_: number, i: number): boolean => times[events[i]!]! <= time;
  const kept = ids.filter(visible);
  const lost = dropped.reduce((sum, flag, i) => sum + (flag === 1 && times[i]! <= time ? 1 : 0), 0);
  const prefix = !specialTokens && kept.every((id, i) => id === ids[i]);
  return { ...makeRow(kept, events.filter(visible), time, lost, specialTokens), prefix };
}
