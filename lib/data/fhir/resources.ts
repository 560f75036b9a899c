/** How a type of resource is read. */
export interface Reading {
  /** OMOP table that its events would be in. */
  table: string;
  /** Where its time is; the first that is there counts. */
  start: readonly string[];
  end: readonly string[];
}

const effective = ['effectiveDateTime', 'effectivePeriod.start', 'effectiveInstant', 'effectiveTiming.event', 'issued'];

/** The types of resources that give events, besides Patient and Medication. */
export const readings: Readonly<Record<string, Reading>> = {
  Encounter: {
    table: 'visit_occurrence',
    start: ['period.start', 'actualPeriod.start'],
    end: ['period.end', 'actualPeriod.end'],
  },
  Condition: {
    table: 'condition_occurrence',
    start: ['onsetDateTime', 'onsetPeriod.start', 'recordedDate'],
    end: ['abatementDateTime', 'abatementPeriod.end'],
  },
  Observation: { table: 'observation', start: effective, end: ['effectivePeriod.end'] },
  MedicationRequest: { table: 'drug_exposure', start: ['authoredOn'], end: [] },
  MedicationAdministration: {
    table: 'drug_exposure',
    start: ['effectiveDateTime', 'effectivePeriod.start', 'occurenceDateTime', 'occurencePeriod.start'],
    end: ['effectivePeriod.end', 'occurencePeriod.end'],
  },
  MedicationStatement: {
    table: 'drug_exposure',
    start: ['effectiveDateTime', 'effectivePeriod.start', 'dateAsserted'],
    end: ['effectivePeriod.end'],
  },
  Procedure: {
    table: 'procedure_occurrence',
    start: ['performedDateTime', 'performedPeriod.start', 'occurrenceDateTime', 'occurrencePeriod.start'],
    end: ['performedPeriod.end', 'occurrencePeriod.end'],
  },
  Immunization: { table: 'drug_exposure', start: ['occurrenceDateTime', 'recorded'], end: [] },
  AllergyIntolerance: {
    table: 'observation',
    start: ['onsetDateTime', 'onsetPeriod.start', 'recordedDate'],
    end: [],
  },
  DiagnosticReport: { table: 'observation', start: effective, end: ['effectivePeriod.end'] },
};

/** What has one of these statuses did not happen. */
export const skippedStatuses: ReadonlySet<unknown> = new Set([
  'entered-in-error',
  'not-done',
  'not-taken',
  'cancelled',
  'draft',
  'planned',
  'preparation',
  'refuted',
]);

/** The kind of visit by the class of an encounter: codes of v3 ActCode, and the words that others use. */
const visits: Readonly<Record<string, string>> = {
  AMB: 'OP',
  SS: 'OP',
  VR: 'OP',
  AMBULATORY: 'OP',
  OUTPATIENT: 'OP',
  WELLNESS: 'OP',
  URGENTCARE: 'OP',
  VIRTUAL: 'OP',
  IMP: 'IP',
  ACUTE: 'IP',
  NONAC: 'IP',
  INPATIENT: 'IP',
  EMER: 'ER',
  EMERGENCY: 'ER',
};

/** `Visit/OP`, `Visit/IP` or `Visit/ER`; other classes keep their own code. */
export function visitCode(encounterClass: string): string {
  const upper = encounterClass.toUpperCase();
  return `Visit/${Object.hasOwn(visits, upper) ? visits[upper] : encounterClass}`;
}
