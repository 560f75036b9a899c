import type { DataPatient, DataTokens } from '../data/dataset.ts';
import { checkedPatients } from '../data/checked-patients.ts';
import { ClmbrError } from '../errors.ts';
import { checkBoolean, checkFunction, checkInstance, checkOptions, optional } from '../options.ts';
import { LabelTable } from './table.ts';

/** A patient with label times, and where its result rows belong. */
export interface LabelledPatient {
  /** `at` are its label times: one result row for each. */
  patient: DataPatient & { at: readonly bigint[] };
  /** For each of `at` the number of its row among all result rows. */
  labelRows: Int32Array;
}

/** What came of labels and patients. Complete when the last patient was given. */
export interface LabelCounts {
  /** Label rows given. */
  labels: number;
  /** Patients given. */
  patients: number;
  /** Patients left out, because they have no label. */
  withoutLabels: number;
  /** Label times before the patient's first event that has a time: nothing but static events is known there. */
  beforeFirstEvent: number;
  /** Labels of patients that the data does not have, and how many patients those are. */
  unknownLabels: number;
  unknownPatients: number;
}

export interface WithLabelsOptions {
  /** Count labels of patients that the data does not have, instead of an error. Default false. */
  skipUnknown?: boolean | undefined;
  /** Whether the data can have a patient at all; labels of others do not count (a shard of the data). Default: all patients. */
  expects?: ((id: string | bigint) => boolean) | undefined;
}

/** Label times joined to patients, and counts that grow while patients are taken. */
export interface Labelled {
  patients: AsyncGenerator<LabelledPatient, void, undefined>;
  counts: Readonly<LabelCounts>;
}

export function noCounts(): LabelCounts {
  return {
    labels: 0,
    patients: 0,
    withoutLabels: 0,
    beforeFirstEvent: 0,
    unknownLabels: 0,
    unknownPatients: 0,
  };
}

/**
 * Gives each patient that has labels its label times, in the order of the label file; patients without labels are left out. Label times that
 * the data itself gives do not count.
 *
 * The iteration ends with ClmbrError `INVALID_INPUT` where labels remain whose patient did not come (see `skipUnknown`), where a patient comes
 * twice, or where a labelled patient is token ids, which have no times.
 */
export function withLabels(
  patients: AsyncIterable<DataPatient | DataTokens>,
  labels: LabelTable,
  options: WithLabelsOptions = {},
): Labelled {
  const counts = noCounts();
  const given = checkOptions<WithLabelsOptions>(options, 'options', ['skipUnknown', 'expects']);
  optional(given.skipUnknown, false, (value) => checkBoolean(value, 'skipUnknown'));
  optional(given.expects, undefined, (value) => checkFunction(value, 'expects'));
  checkInstance(labels, 'labels', LabelTable);
  return { patients: join(checkedPatients(patients), labels, given, counts), counts };
}

async function* join(
  patients: AsyncIterable<DataPatient | DataTokens>,
  labels: LabelTable,
  { skipUnknown = false, expects }: WithLabelsOptions,
  counts: LabelCounts,
): AsyncGenerator<LabelledPatient, void, undefined> {
  const given = new Uint8Array(labels.patients);
  for await (const patient of patients) {
    const number = labels.find(patient.id);
    if (number < 0) {
      counts.withoutLabels++;
      continue;
    }
    const labelRows = labels.rowsOf(number);
    if (given[number] === 1) {
      throw new ClmbrError(
        'INVALID_INPUT',
        `The data has the patient of label row ${labelRows[0]} (counting from 0) twice; expected each patient once.`,
      );
    }
    given[number] = 1;
    yield attach(patient, labels, labelRows, counts);
  }
  for (let number = 0; number < given.length; number++) {
    if (given[number] === 1 || expects?.(labels.patientAt(number)) === false) continue;
    counts.unknownPatients++;
    counts.unknownLabels += labels.rowsOf(number).length;
  }
  if (counts.unknownLabels > 0 && !skipUnknown) {
    throw new ClmbrError(
      'INVALID_INPUT',
      `Expected labels of patients that the data has, found ${counts.unknownLabels} of ${labels.length} labels whose patients (${counts.unknownPatients}) it lacks.`,
      { details: { labels: counts.unknownLabels, patients: counts.unknownPatients } },
    );
  }
}

function attach(
  patient: DataPatient | DataTokens,
  labels: LabelTable,
  labelRows: Int32Array,
  counts: LabelCounts,
): LabelledPatient {
  if (!('events' in patient)) {
    throw new ClmbrError(
      'INVALID_INPUT',
      `The patient of label row ${labelRows[0]} (counting from 0) is token ids, which have no times; expected events.`,
    );
  }
  const at = Array.from(labelRows, (row) => labels.times[row]!);
  counts.patients++;
  counts.labels += at.length;
  counts.beforeFirstEvent += before(at, patient.events);
  return { patient: { ...patient, at }, labelRows };
}

/** How many of some times lie before all events that have a time; none where no event has one. */
function before(at: readonly bigint[], events: DataPatient['events']): number {
  const earliest = at.reduce((a, b) => (b < a ? b : a));
  let first: bigint | undefined;
  for (const { start } of events) {
    if (start === null || start === undefined) continue;
    // Mostly the first event already shows that there is nothing to count.
    if (start <= earliest) return 0;
    if (first === undefined || start < first) first = start;
  }
  return first === undefined ? 0 : at.filter((time) => time < first).length;
}
