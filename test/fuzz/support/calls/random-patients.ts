import type { Event, Patient, Time } from '../../../../lib/types.ts';
import type { Random } from '../random.ts';

/** An event as drawn: what the naive rules need beside what the product gets. */
export interface DrawnEvent {
  event: Event;
  /** Microseconds; null: static. */
  start: bigint | null;
}

/** A patient, and what it means. */
export interface DrawnPatient {
  patient: Patient;
  /** null: token ids. */
  events: DrawnEvent[] | null;
  ids: number[] | null;
  /** Label times of the patient itself. */
  at: bigint[] | null;
}

/** What no error may show, as a code, a value, an id and a time. */
export const secrets = ['zorblax-9', '735198462', '2031-07-19'];

const firstMoment = 1_000_000_000_000_000n;
const moment = (random: Random): bigint => firstMoment + 3_600_000_000n * BigInt(random.below(50));

/** The same moment in one of the forms that are accepted; all drawn moments are whole seconds. */
function timeOf(random: Random, microseconds: bigint): Time {
  const date = new Date(Number(microseconds / 1000n));
  return random.pick([microseconds, microseconds, date, date.toISOString(), date.toISOString().replace(/\.000Z$/, '')]);
}

function randomEvent(random: Random, codes: number, start: bigint | null): DrawnEvent {
  const k = random.below(codes);
  const value = random.pick([
    undefined,
    undefined,
    null,
    '',
    3 * k + 1.25,
    3 * k + 1,
    `value ${3 * k + 2}`,
    735198462,
    true,
  ]);
  const code = random.chance(0.1) ? 'zorblax-9' : `TEST/${k}`;
  const event: Event = { code };
  if (value !== undefined) event.value = value;
  if (start !== null) event.start = timeOf(random, start);
  else if (random.chance(0.5)) event.start = null;
  if (random.chance(0.1)) event.unit = 'zorblax-9';
  return { event, start };
}

function randomEvents(random: Random, codes: number): DrawnEvent[] {
  const length = random.pick([0, 1, 2, random.between(3, 30), random.between(31, 90)]);
  const starts = Array.from({ length }, () => (random.chance(0.1) ? null : moment(random)));
  // Most data are sorted; those that are not take another way through the product.
  if (random.chance(0.7)) starts.sort((a, b) => (a === b ? 0 : (a ?? 0n) < (b ?? 0n) ? -1 : 1));
  return starts.map((start) => randomEvent(random, codes, start));
}

export function randomPatient(random: Random, vocabularySize: number, codes: number): DrawnPatient {
  if (codes === 0 || random.chance(0.3)) {
    const ids = Array.from({ length: random.pick([0, 1, random.between(2, 40), random.between(33, 100)]) }, () =>
      random.below(vocabularySize),
    );
    const patient: Patient = random.pick([
      ids,
      Int32Array.from(ids),
      { ids },
      { id: 735198462n, ids: Int32Array.from(ids) },
    ]);
    return { patient, events: null, ids, at: null };
  }
  const events = randomEvents(random, codes);
  const list = events.map(({ event }) => event);
  if (random.chance(0.4)) return { patient: list, events, ids: null, at: null };
  const at = random.chance(0.4) ? Array.from({ length: random.below(6) }, () => moment(random)) : null;
  const id = random.pick(['zorblax-9', 735198462, undefined]);
  const patient = {
    ...(id !== undefined && { id }),
    events: list,
    ...(at !== null && { at: at.map((time) => timeOf(random, time)) }),
  };
  return { patient, events, ids: null, at };
}

/** Label times of a call's options, for patients with events. */
export function randomTimes(random: Random): { times: bigint[]; given: Time[] } {
  const times = Array.from({ length: random.below(5) }, () => moment(random));
  return { times, given: times.map((time) => timeOf(random, time)) };
}
