/** A table of the CDM whose rows are events of a patient. */
export interface EventTable {
  name: string;
  /** Events of the same time and concept follow each other in the order of their tables. */
  rank: number;
  /** The row's own number: it orders rows that are alike otherwise. */
  key?: string;
  /** The standard concept. */
  concept?: string;
  /** The concept as the source has it. */
  sourceConcept?: string;
  /** The concept of every row, where no column says it. */
  everyRow?: number;
  /** The concept of a row that has none. */
  unspecified?: number;
  /** Columns with date and time, and with the date alone. */
  start: readonly [time: string, date: string];
  end?: readonly [time: string, date: string];
  number?: string;
  valueConcept?: string;
  text?: string;
  /** A text counts before a concept. */
  textFirst?: boolean;
  unitConcept?: string;
  unit?: string;
}

/** Concepts that FEMR sets itself; see `wellKnownConcepts` for their codes. */
export const birthConcept = 4083587;
const deathConcept = 4306655;
const visitConcept = 8;

/** Ranks of what PERSON gives: birth, gender, ethnicity and race come first. */
export const personRanks = { birth: 0, gender: 1, ethnicity: 2, race: 3 };
const firstRank = 4;

function startAndEnd(prefix: string): Pick<EventTable, 'start' | 'end'> {
  return {
    start: [`${prefix}_start_datetime`, `${prefix}_start_date`],
    end: [`${prefix}_end_datetime`, `${prefix}_end_date`],
  };
}

function concepts(prefix: string): Pick<EventTable, 'concept' | 'sourceConcept'> {
  return { concept: `${prefix}_concept_id`, sourceConcept: `${prefix}_source_concept_id` };
}

const valueAndUnit = {
  number: 'value_as_number',
  valueConcept: 'value_as_concept_id',
  unitConcept: 'unit_concept_id',
  unit: 'unit_source_value',
};

const tables: Omit<EventTable, 'rank'>[] = [
  {
    name: 'visit_occurrence',
    key: 'visit_occurrence_id',
    ...concepts('visit'),
    ...startAndEnd('visit'),
    unspecified: visitConcept,
  },
  {
    name: 'condition_occurrence',
    key: 'condition_occurrence_id',
    ...concepts('condition'),
    ...startAndEnd('condition'),
  },
  { name: 'drug_exposure', key: 'drug_exposure_id', ...concepts('drug'), ...startAndEnd('drug_exposure') },
  {
    name: 'procedure_occurrence',
    key: 'procedure_occurrence_id',
    ...concepts('procedure'),
    start: ['procedure_datetime', 'procedure_date'],
    end: ['procedure_end_datetime', 'procedure_end_date'],
  },
  {
    name: 'measurement',
    key: 'measurement_id',
    ...concepts('measurement'),
    start: ['measurement_datetime', 'measurement_date'],
    ...valueAndUnit,
    text: 'value_source_value',
  },
  {
    name: 'observation',
    key: 'observation_id',
    ...concepts('observation'),
    start: ['observation_datetime', 'observation_date'],
    ...valueAndUnit,
    text: 'value_as_string',
    textFirst: true,
  },
  { name: 'device_exposure', key: 'device_exposure_id', ...concepts('device'), ...startAndEnd('device_exposure') },
  { name: 'death', everyRow: deathConcept, start: ['death_datetime', 'death_date'] },
];

export const eventTables: readonly EventTable[] = tables.map((table, i) => ({ ...table, rank: firstRank + i }));

/** `omopTable` of an event by its rank. */
export const tableOfRank: readonly string[] = [
  ...Object.keys(personRanks).map(() => 'person'),
  ...tables.map(({ name }) => name),
];

/** Every table that is read, in the order of reading. */
export const tableNames: readonly string[] = [
  'person',
  ...tables.map(({ name }) => name),
  'concept_relationship',
  'concept',
];

/** Tables of the vocabulary: as OHDSI's Athena gives them, quotation marks in them are letters like others. */
export function isVocabulary(table: string): boolean {
  return table.startsWith('concept');
}
