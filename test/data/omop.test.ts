import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary.ts';
import type { Tables } from './omop-tables.ts';
import { concepts, condition, measurement, microseconds, person, readAll, smallCdm, writeCsv } from './omop-tables.ts';

const folder = await temporaryFolder();
let folders = 0;

async function read(tables: Tables, options = {}) {
  return readAll(await writeCsv(join(folder, String(folders++)), tables), options);
}

/** Codes of the only patient, behind those of PERSON. */
async function codesOf(tables: Tables) {
  const { patients } = await read({ person: [person], concept: concepts, ...tables });
  return patients[0]!.events.slice(4).map(({ code }) => code);
}

async function valuesOf(table: string, rows: Tables[string], options = {}) {
  const { patients } = await read({ person: [person], concept: concepts, [table]: rows }, options);
  return patients[0]!.events.slice(4).map(({ value }) => value);
}

describe('a patient of an OMOP CDM', () => {
  it('has an event for each row of each table, in the order of FEMR', async () => {
    const { patients, skipped, dataset } = await read(smallCdm());
    expect(skipped).toEqual({});
    expect(dataset.kind).toBe('omop');
    expect(dataset.progress()).toBe(1);
    const birth = microseconds('1950-03-07T00:00:00Z');
    const base = { value: null, unit: null, end: null };
    const atBirth = { ...base, start: birth, omopTable: 'person' };
    expect(patients[0]).toEqual({
      id: 1,
      events: [
        { ...atBirth, code: 'SNOMED/3950001' },
        { ...atBirth, code: 'Gender/F' },
        { ...atBirth, code: 'Ethnicity/Not Hispanic' },
        { ...atBirth, code: 'Race/5' },
        {
          ...base,
          code: 'ICD10CM/E11.9',
          start: microseconds('2020-01-01T00:00:00Z'),
          omopTable: 'condition_occurrence',
          candidates: [{ code: 'SNOMED/44054006', rule: 'standard' }],
        },
        {
          ...base,
          code: 'Visit/OP',
          start: microseconds('2020-01-01T08:30:00Z'),
          end: microseconds('2020-01-01T09:00:00Z'),
          omopTable: 'visit_occurrence',
        },
        {
          ...base,
          code: 'LOINC/4548-4',
          value: Math.fround(7.2),
          unit: '%',
          start: microseconds('2020-01-02T00:00:00Z'),
          omopTable: 'measurement',
        },
        {
          ...base,
          code: 'RxNorm/6809',
          start: microseconds('2020-01-02T00:00:00Z'),
          end: microseconds('2020-02-01T00:00:00Z'),
          omopTable: 'drug_exposure',
        },
        { ...base, code: 'CPT4/99213', start: microseconds('2020-01-03T00:00:00Z'), omopTable: 'procedure_occurrence' },
        {
          ...base,
          code: 'LOINC/5778-6',
          value: 'yellow',
          start: microseconds('2020-01-04T00:00:00Z'),
          omopTable: 'observation',
        },
        { ...base, code: 'SNOMED/72506001', start: microseconds('2020-01-05T00:00:00Z'), omopTable: 'device_exposure' },
        { ...base, code: 'SNOMED/419620001', start: microseconds('2021-01-01T12:00:00Z'), omopTable: 'death' },
      ],
    });
    expect(patients[1]!.id).toBe(2);
    expect(patients[1]!.events.map(({ code }) => code)).toEqual([
      'SNOMED/3950001',
      'Gender/M',
      'Ethnicity/Not Hispanic',
      'SNOMED/38341003',
    ]);
    expect(patients[1]!.events[0]!.start).toBe(microseconds('1950-01-01T00:00:00Z'));
    expect(dataset.describe!('LOINC/4548-4')).toBe('Hemoglobin A1c');
    expect(dataset.describe!('Gender/F')).toBe('FEMALE');
    expect(dataset.describe!('LOINC/none')).toBeUndefined();
  });

  it('begins with what PERSON says, also where events come before the birth', async () => {
    const rows = [condition(1, 100, '1950-03-08'), condition(1, 101, '1949-12-01')];
    const { patients } = await read({ person: [person], concept: concepts, condition_occurrence: rows });
    expect(patients[0]!.events.map(({ code }) => code)).toEqual([
      'SNOMED/3950001',
      'Gender/F',
      'Ethnicity/Not Hispanic',
      'Race/5',
      'SNOMED/38341003',
      'SNOMED/44054006',
    ]);
  });

  it('has no birth and no start of what PERSON says where no year is given', async () => {
    const { patients, skipped } = await read({ person: [{ ...person, year_of_birth: null }] });
    expect(patients[0]!.events.map(({ code, start }) => [code, start])).toEqual([
      ['Gender/F', null],
      ['Ethnicity/Not Hispanic', null],
      ['Race/5', null],
    ]);
    expect(skipped).toEqual({ 'no-birth-date': 1 });
  });

  it('is there without any event but those of PERSON, without any other table', async () => {
    const { patients } = await read({ person: [{ person_id: 5, year_of_birth: 2000 }] });
    expect(patients).toEqual([
      {
        id: 5,
        events: [
          {
            code: 'SNOMED/3950001',
            value: null,
            unit: null,
            start: microseconds('2000-01-01T00:00:00Z'),
            end: null,
            omopTable: 'person',
          },
        ],
      },
    ]);
  });

  it('keeps identifiers exact', async () => {
    const ids = ['-9223372036854775808', '-5', '9007199254740991', '9007199254740992', '9223372036854775807'];
    const { patients } = await read({
      person: ids.map((person_id) => ({ ...person, person_id })),
      concept: concepts,
      condition_occurrence: ids.map((id) => condition(id, 100, '2020-01-01')),
    });
    expect(patients.map(({ id }) => id)).toEqual([
      -9223372036854775808n,
      -5,
      9007199254740991,
      9007199254740992n,
      9223372036854775807n,
    ]);
    for (const { events } of patients) expect(events).toHaveLength(5);
  });

  it('takes events of one time by concept, table and number of the row', async () => {
    const at = '2020-01-02';
    const codes = await codesOf({
      condition_occurrence: [
        condition(1, 101, at, { condition_occurrence_id: 1 }),
        // Ordered by 100, the concept that gives its code: 999 is in no vocabulary.
        condition(1, 100, at, { condition_occurrence_id: 2, condition_source_concept_id: 999 }),
        condition(1, 100, '2020-01-01', { condition_occurrence_id: 3, condition_source_concept_id: 201 }),
      ],
      measurement: [measurement(1, 100)],
    });
    expect(codes).toEqual(['ICD10CM/E11.8', 'SNOMED/44054006', 'SNOMED/44054006', 'SNOMED/38341003']);
    const values = await valuesOf('measurement', [
      measurement(1, 300, { measurement_id: 12, value_as_number: 1 }),
      measurement(1, 300, { measurement_id: 9, value_as_number: 2 }),
      measurement(1, 300, { measurement_id: -1, value_as_number: 3 }),
    ]);
    expect(values).toEqual([3, 2, 1]);
  });
});

describe('concepts of a row', () => {
  it('give the code of the source first, then the standard one, then what it maps to', async () => {
    const { concept_relationship } = smallCdm();
    const rows = [
      condition(1, 0, '2020-01-01', { condition_source_concept_id: 201 }),
      condition(1, 101, '2020-01-02', { condition_source_concept_id: 201 }),
      condition(1, 101, '2020-01-03', { condition_source_concept_id: 201 }),
      condition(1, 101, '2020-01-04', { condition_source_concept_id: 12345 }),
      condition(1, 77777, '2020-01-05', { condition_source_concept_id: 200 }),
    ];
    const tables = { concept: concepts, condition_occurrence: rows, concept_relationship: concept_relationship! };
    const { patients, skipped } = await read({ person: [person], ...tables });
    const events = patients[0]!.events.slice(4);
    expect(events.map(({ code, candidates }) => [code, candidates])).toEqual([
      [
        'ICD10CM/E11.8',
        [
          { code: 'SNOMED/44054006', rule: 'maps-to' },
          { code: 'SNOMED/38341003', rule: 'maps-to' },
        ],
      ],
      [
        'ICD10CM/E11.8',
        [
          { code: 'SNOMED/38341003', rule: 'standard' },
          { code: 'SNOMED/44054006', rule: 'maps-to' },
        ],
      ],
      [
        'ICD10CM/E11.8',
        [
          { code: 'SNOMED/38341003', rule: 'standard' },
          { code: 'SNOMED/44054006', rule: 'maps-to' },
        ],
      ],
      ['SNOMED/38341003', undefined],
      ['ICD10CM/E11.9', [{ code: 'SNOMED/44054006', rule: 'maps-to' }]],
    ]);
    expect(events[1]!.candidates).toBe(events[2]!.candidates);
    expect(skipped).toEqual({});
  });

  it('are counted where none is known, and rows of nobody in PERSON too', async () => {
    const { patients, skipped } = await read({
      person: [person],
      concept: concepts,
      condition_occurrence: [
        condition(1, 0, '2020-01-01'),
        condition(1, 777, '2020-01-01', { condition_source_concept_id: 888 }),
        condition(1, 100, '2020-01-01'),
        condition(99, 100, '2020-01-01'),
      ],
    });
    expect(patients[0]!.events).toHaveLength(5);
    expect(skipped).toEqual({ 'no-concept': 2, 'unknown-person': 1 });
  });

  it('of a visit of no kind are those that FEMR gives it', async () => {
    const visit = { visit_occurrence_id: 1, person_id: 1, visit_start_date: '2020-01-01' };
    const codes = await codesOf({
      visit_occurrence: [
        { ...visit, visit_concept_id: 0 },
        { ...visit, visit_concept_id: 9201 },
        { ...visit, visit_concept_id: 1234567 },
      ],
    });
    expect(codes).toEqual(['Domain/OMOP generated', 'Visit/IP']);
  });

  it('may be negative, or beyond 2^53', async () => {
    const big = '-1741351032930224901';
    const row = { concept_id: big, concept_name: 'x', vocabulary_id: 'local', concept_code: 'a b ' };
    expect(await codesOf({ concept: [row], condition_occurrence: [condition(1, big, '2020-01-01')] })).toEqual([
      'local/a b ',
    ]);
  });
});

describe('values', () => {
  it('of a measurement are the number as float32, else the name of the concept, else the text', async () => {
    const answer = { value_as_concept_id: 402, value_source_value: 'pos' };
    const rows = [
      measurement(1, 300, { value_as_number: 28.9, ...answer }),
      measurement(1, 300, { ...answer }),
      measurement(1, 300, { value_as_concept_id: 5, value_source_value: 'pos' }),
      measurement(1, 300, { value_source_value: ' 28.9 ' }),
      measurement(1, 300, { value_as_number: 'NaN', value_source_value: '>5' }),
      measurement(1, 300, {}),
      measurement(1, 300, { value_as_number: 0, value_source_value: '0' }),
      measurement(1, 300, { value_as_number: 0, ...answer }),
    ].map((row, i) => ({ ...row, measurement_id: i }));
    const common = [Math.fround(28.9), 'Positive', 'pos', Math.fround(28.9), '>5', null];
    expect(await valuesOf('measurement', rows)).toEqual([...common, 0, 0]);
    expect(await valuesOf('measurement', rows, { zeroAsMissing: true })).toEqual([...common, null, 'Positive']);
  });

  it('of an observation are the number, else the text, else the name of the concept', async () => {
    const row = (observation_id: number, number: number | null, string: string | null, concept: number) => ({
      observation_id,
      person_id: 1,
      observation_concept_id: 301,
      observation_date: '2020-01-01',
      value_as_number: number,
      value_as_string: string,
      value_as_concept_id: concept,
    });
    const rows = [row(1, 2, 'x', 402), row(2, null, 'x', 402), row(3, null, null, 402), row(4, null, null, 0)];
    expect(await valuesOf('observation', rows)).toEqual([2, 'x', 'Positive', null]);
  });

  it('have the unit of the concept, else that of the source', async () => {
    const rows = [
      measurement(1, 300, { measurement_id: 1, unit_concept_id: 401, unit_source_value: 'pct' }),
      measurement(1, 300, { measurement_id: 2, unit_concept_id: 5, unit_source_value: 'pct' }),
      measurement(1, 300, { measurement_id: 3, unit_source_value: 'a unit that is longer than twelve bytes' }),
      measurement(1, 300, { measurement_id: 4 }),
    ];
    const { patients } = await read({ person: [person], concept: concepts, measurement: rows });
    expect(patients[0]!.events.slice(4).map(({ unit }) => unit)).toEqual([
      '%',
      'pct',
      'a unit that is longer than twelve bytes',
      null,
    ]);
  });
});

describe('times', () => {
  it('are the time of day where it is given, else the midnight of the date, in UTC', async () => {
    const times: [string | null, string, string][] = [
      ['2020-01-01 10:20:30', '2019-01-01', '2020-01-01T10:20:30Z'],
      ['2020-01-02T10:20:30.123', '2019-01-01', '2020-01-02T10:20:30.123Z'],
      ['2020-01-03 10:20:30+02', '2019-01-01', '2020-01-03T08:20:30Z'],
      ['2020-01-04 10:20', '2019-01-01', '2020-01-04T10:20:00Z'],
      ['2020-01-05T10:20:30Z', '2019-01-01', '2020-01-05T10:20:30Z'],
      ['2020-01-06', '2019-01-01', '2020-01-06T00:00:00Z'],
      [null, '2020-01-07', '2020-01-07T00:00:00Z'],
      [null, '20200108', '2020-01-08T00:00:00Z'],
      [null, '2020-01-09 00:00:00 UTC', '2020-01-09T00:00:00Z'],
    ];
    const rows = times.map(([time, date]) => condition(1, 100, date, { condition_start_datetime: time }));
    const { patients } = await read({ person: [person], concept: concepts, condition_occurrence: rows });
    expect(patients[0]!.events.slice(4).map(({ start }) => start)).toEqual(
      times.map(([, , expected]) => microseconds(expected)),
    );
  });

  it('of birth are its moment where that is given', async () => {
    const { patients } = await read({ person: [{ ...person, birth_datetime: '1951-02-03 04:05:06' }] });
    expect(patients[0]!.events[0]!.start).toBe(microseconds('1951-02-03T04:05:06Z'));
  });

  it('keep microseconds', async () => {
    const rows = [condition(1, 100, '2020-01-01', { condition_start_datetime: '2020-01-01 00:00:00.000001' })];
    const { patients } = await read({ person: [person], concept: concepts, condition_occurrence: rows });
    expect(patients[0]!.events[4]!.start).toBe(microseconds('2020-01-01T00:00:00Z') + 1n);
  });
});
