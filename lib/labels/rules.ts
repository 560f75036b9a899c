import type { DataEvent, DataPatient, DataTokens } from '../data/dataset.ts';
import { checkedPatients } from '../data/checked-patients.ts';
import { ClmbrError } from '../errors.ts';
import { checkArray, checkChoice, invalidArgument } from '../options.ts';
import { noCounts } from './join.ts';
import type { Labelled, LabelCounts, LabelledPatient } from './join.ts';

/** Label times that follow from a patient's events. */
export type LabelRule = 'first' | 'last' | 'every-visit';

export const labelRules: readonly LabelRule[] = ['first', 'last', 'every-visit'];

/** `Visit/IP`; of MEDS data sets `VISIT//...`, `ENCOUNTER//...`, `HOSPITAL_ADMISSION//...`, `ED_REGISTRATION//...`. */
const visitCode = /^(?:Visit\/|(?:VISIT|ENCOUNTER|HOSPITAL_ADMISSION|ED_REGISTRATION)(?:\/\/|$))/;

/**
 * Label times of a patient, ascending: the time of the `first` or `last` event that has one, or of `every-visit`: each distinct start of events
 * that OMOP's visit_occurrence holds or whose code says so (`Visit/...`, `VISIT//...`, `ENCOUNTER//...`, `HOSPITAL_ADMISSION//...`,
 * `ED_REGISTRATION//...`). A stay in an intensive care unit is part of a visit, and a discharge is its end: neither counts.
 *
 * @returns microseconds since 1970 UTC; none where no event qualifies
 */
export function labelTimes(events: readonly DataEvent[], rule: LabelRule): bigint[] {
  for (const [i, event] of checkArray(events, 'events', 'events').entries())
    if (typeof event !== 'object' || event === null) throw invalidArgument(`events[${i}]`, 'an event', event);
  checkChoice(rule, 'rule', labelRules);
  return timesOf(events, rule);
}

function timesOf(events: readonly DataEvent[], rule: LabelRule): bigint[] {
  if (rule === 'every-visit') return visitTimes(events);
  let found: bigint | undefined;
  for (const { start } of events) {
    if (start === null || start === undefined) continue;
    if (found === undefined || (rule === 'first' ? start < found : start > found)) found = start;
  }
  return found === undefined ? [] : [found];
}

function visitTimes(events: readonly DataEvent[]): bigint[] {
  const times = new Set<bigint>();
  for (const { code, start, omopTable } of events) {
    if (start === null || start === undefined) continue;
    if (omopTable === 'visit_occurrence' || visitCode.test(code)) times.add(start);
  }
  return [...times].sort((a, b) => (a < b ? -1 : 1));
}

/**
 * Gives each patient the label times of a rule; rows are numbered as they come. Patients without one are left out and counted in
 * `withoutLabels`. The iteration ends with ClmbrError `INVALID_INPUT` where a patient is token ids, which have no times.
 *
 * @throws ClmbrError `INVALID_ARGUMENT`
 */
export function withLabelRule(patients: AsyncIterable<DataPatient | DataTokens>, rule: LabelRule): Labelled {
  checkChoice(rule, 'rule', labelRules);
  const counts = noCounts();
  return { patients: follow(checkedPatients(patients), rule, counts), counts };
}

async function* follow(
  patients: AsyncIterable<DataPatient | DataTokens>,
  rule: LabelRule,
  counts: LabelCounts,
): AsyncGenerator<LabelledPatient, void, undefined> {
  for await (const patient of patients) {
    if (!('events' in patient)) {
      throw new ClmbrError(
        'INVALID_INPUT',
        `Label times '${rule}' need events, found a patient as token ids, which have no times.`,
      );
    }
    const at = timesOf(patient.events, rule);
    if (at.length === 0) {
      counts.withoutLabels++;
      continue;
    }
    const labelRows = Int32Array.from(at, (_, i) => counts.labels + i);
    counts.patients++;
    counts.labels += at.length;
    yield { patient: { ...patient, at }, labelRows };
  }
}
