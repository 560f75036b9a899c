import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DataEvent, DataPatient, ReadDatasetOptions } from '../../../lib/data/dataset.ts';
import { openFhir } from '../../../lib/data/fhir/index.ts';
import { normalCode, vocabularyOf } from '../../../lib/data/fhir/systems.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const folder = await temporaryFolder();
let files = 0;

/** Reads resources of one patient out of a bundle. */
async function read(resources: readonly object[], options: ReadDatasetOptions = {}) {
  const path = join(folder, `${files++}.json`);
  const entry = resources.map((resource) => ({ resource: { subject: { reference: 'Patient/1' }, ...resource } }));
  await writeFile(path, JSON.stringify({ resourceType: 'Bundle', entry }));
  const dataset = await openFhir(path, options);
  const patients: DataPatient[] = [];
  for await (const patient of dataset.patients()) patients.push(patient as DataPatient);
  expect(patients.length).toBeLessThanOrEqual(1);
  return { events: patients[0]?.events ?? [], skipped: dataset.skipped };
}

const short = ({ code, value, unit }: DataEvent) => [code, value, unit];
const when = '2020-05-17T10:30:00.250-04:00';
const code = { coding: [{ system: 'http://loinc.org', code: 'X-1' }] };
const observation = { resourceType: 'Observation', effectiveDateTime: when, code };

describe('values of observations', () => {
  it.each([
    [{ valueQuantity: { value: 28.9, unit: 'kg per m2', code: 'kg/m2' } }, Math.fround(28.9), 'kg/m2'],
    [{ valueQuantity: { value: '7.10', unit: 'pH' } }, Math.fround(7.1), 'pH'],
    [{ valueQuantity: { unit: 'pH' } }, null, 'pH'],
    [{ valueQuantity: { value: 0, comparator: '<' } }, 0, null],
    [{ valueInteger: 3 }, 3, null],
    [{ valueBoolean: false }, false, null],
    [{ valueString: 'yellow' }, 'yellow', null],
    [{ valueCodeableConcept: { coding: [{ code: '1' }, { display: 'Never smoker' }] } }, 'Never smoker', null],
    [{ valueCodeableConcept: { coding: [{ code: '1' }] } }, '1', null],
    [{ valueRatio: { numerator: {} } }, null, null],
    [{}, null, null],
  ])('%j', async (holder, value, unit) => {
    expect((await read([{ ...observation, ...holder }])).events.map(short)).toEqual([['LOINC/X-1', value, unit]]);
  });

  it('takes 0 as missing where that is asked for, but not false', async () => {
    const resources = [0, 1].map((value) => ({ ...observation, valueQuantity: { value } }));
    const { events } = await read([...resources, { ...observation, valueBoolean: false }], { zeroAsMissing: true });
    expect(events.map(({ value }) => value)).toEqual([null, 1, false]);
  });

  it('splits panels, and leaves out what was not measured', async () => {
    const part = (name: string, rest: object) => ({ code: { coding: [{ ...code.coding[0], code: name }] }, ...rest });
    const { events, skipped } = await read([
      { ...observation, component: [part('A', { valueInteger: 1 }), part('B', { dataAbsentReason: {} })] },
      { ...observation, valueInteger: 9, component: [part('C', { valueInteger: 2 }), { valueInteger: 3 }] },
      { ...observation, dataAbsentReason: { coding: [] } },
      { ...observation, hasMember: [{ reference: 'Observation/2' }] },
      { ...observation, dataAbsentReason: {}, valueInteger: 4 },
    ]);
    expect(events.map(short)).toEqual([
      ['LOINC/A', 1, null],
      ['LOINC/X-1', 9, null],
      ['LOINC/C', 2, null],
      ['LOINC/X-1', 4, null],
    ]);
    expect(skipped).toEqual({ panel: 2, 'data-absent': 2, 'no-code': 1 });
  });
});

describe('times', () => {
  const day = (text: string) => BigInt(Date.parse(text)) * 1000n;

  it.each([
    ['2020', day('2020-01-01T00:00:00Z')],
    ['2020-05', day('2020-05-01T00:00:00Z')],
    ['2020-05-17', day('2020-05-17T00:00:00Z')],
    [when, day('2020-05-17T14:30:00.250Z')],
  ])('%s', async (text, start) => {
    expect((await read([{ ...observation, effectiveDateTime: text }])).events[0]!.start).toBe(start);
  });

  it('come from where each type has them, and are needed', async () => {
    const { events, skipped } = await read([
      { resourceType: 'Condition', code, onsetPeriod: { start: '2001' }, abatementDateTime: '2005' },
      { resourceType: 'Condition', code, onsetAge: {}, recordedDate: '2002-01', abatementDateTime: '2001' },
      { resourceType: 'Procedure', code, performedPeriod: { start: '2003', end: '2004' } },
      { resourceType: 'AllergyIntolerance', code, patient: { reference: 'Patient/1' }, recordedDate: '2004' },
      { resourceType: 'DiagnosticReport', code, issued: '2005-01-01T00:00:00Z' },
      { resourceType: 'MedicationStatement', medicationCodeableConcept: code, effectivePeriod: { start: '2006' } },
      { resourceType: 'MedicationAdministration', medicationCodeableConcept: code, effectiveDateTime: '2007' },
      { resourceType: 'Encounter', class: { code: 'IMP' }, period: { start: '2008', end: '2008-02' } },
      { ...observation, effectiveDateTime: undefined, effectiveTiming: { event: ['2009'] } },
      { ...observation, effectiveDateTime: undefined },
      { ...observation, effectiveDateTime: '17.5.2020' },
      { ...observation, effectiveDateTime: '2020-02-30' },
    ]);
    expect(events.map(({ start }) => new Date(Number(start) / 1000).getUTCFullYear())).toEqual([
      2001, 2002, 2003, 2004, 2005, 2006, 2007, 2008, 2009,
    ]);
    expect(events.map(({ end }) => (end === null ? null : end! / 1_000_000n / 86_400n))).toEqual([
      day('2005') / 86_400_000_000n,
      null,
      day('2004') / 86_400_000_000n,
      ...[null, null, null, null],
      day('2008-02-01') / 86_400_000_000n,
      null,
    ]);
    expect(events.map(({ omopTable }) => omopTable)).toEqual([
      'condition_occurrence',
      'condition_occurrence',
      'procedure_occurrence',
      'observation',
      'observation',
      'drug_exposure',
      'drug_exposure',
      'visit_occurrence',
      'observation',
    ]);
    expect(skipped).toEqual({ 'no-time': 1, 'bad-time': 2 });
  });
});

describe('patients', () => {
  it('come first, with several races, and without time where there is no birth date', async () => {
    const race = (codes: readonly string[]) => [
      {
        url: 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-race',
        extension: codes.map((each) => ({ url: 'ombCategory', valueCoding: { code: each } })),
      },
    ];
    const before = { ...observation, effectiveDateTime: '1999-12-31' };
    const { events, skipped } = await read([
      before,
      {
        resourceType: 'Patient',
        id: '1',
        gender: 'other',
        extension: race(['1002-5', '2076-8', 'UNK']),
        birthDate: '2000',
      },
    ]);
    expect(events.map((event) => event.code)).toEqual(['SNOMED/3950001', 'Race/1', 'Race/4', 'LOINC/X-1']);
    expect(skipped).toEqual({ 'gender-not-read': 1, 'race-not-read': 1 });
    const without = await read([before, { resourceType: 'Patient', id: '1', gender: 'male', deceasedBoolean: true }]);
    expect(without.events.map((event) => [event.code, event.start === null])).toEqual([
      ['Gender/M', true],
      ['LOINC/X-1', false],
    ]);
    expect(without.skipped).toEqual({ 'no-birth-date': 1, 'no-time': 1 });
  });

  it('are found by reference, of whatever form; others have no events', async () => {
    const to = (reference: string) => ({ ...observation, subject: { reference } });
    const { events, skipped } = await read([
      to('https://a.example/fhir/Patient/1/_history/3'),
      to('urn:uuid:1'),
      to('Group/1'),
      to('Patient?identifier=1'),
      { ...observation, subject: { identifier: {} } },
    ]);
    expect(events).toHaveLength(2);
    expect(skipped).toEqual({ 'no-patient': 3 });
  });
});

describe('codes', () => {
  it('skips what did not happen, by status', async () => {
    const { events, skipped } = await read([
      { ...observation, status: 'entered-in-error' },
      { resourceType: 'Procedure', code, performedDateTime: when, status: 'not-done' },
      { resourceType: 'MedicationRequest', medicationCodeableConcept: code, authoredOn: when, doNotPerform: true },
      { resourceType: 'Condition', code, onsetDateTime: when, verificationStatus: { coding: [{ code: 'refuted' }] } },
      { resourceType: '__proto__' },
      { resourceType: 'Basic' },
    ]);
    expect(events).toEqual([]);
    expect(skipped).toEqual({
      'entered-in-error': 1,
      'not-done': 2,
      refuted: 1,
      'no-resource-type': 1,
      'not-read:Basic': 1,
    });
  });

  it('keeps codes of systems that it does not know, for the table of the user', async () => {
    const local = { coding: [{ system: 'http://lab.example', code: 'GLU' }, { code: 'g' }] };
    const { events, skipped } = await read([
      { ...observation, code: local },
      { ...observation, code: { text: 'glucose' } },
    ]);
    expect(events).toMatchObject([{ code: 'http://lab.example|GLU', candidates: [{ code: '|g', rule: 'coding' }] }]);
    expect(skipped).toEqual({ 'no-code': 1 });
  });

  it('follows references to medications', async () => {
    const request = { resourceType: 'MedicationRequest', authoredOn: when };
    const { events, skipped } = await read([
      { ...request, medicationReference: { reference: 'Medication/m' } },
      {
        ...request,
        medicationReference: { reference: '#c' },
        contained: [{ resourceType: 'Medication', id: 'c', code }],
      },
      { ...request, medicationReference: { reference: 'Medication/absent' } },
      { ...request, medicationReference: { reference: 'Medication/empty' } },
      { ...request, medication: { concept: code } },
      request,
      { resourceType: 'Medication', id: 'm', code },
      { resourceType: 'Medication', id: 'empty' },
    ]);
    expect(events.map((event) => event.code)).toEqual(['LOINC/X-1', 'LOINC/X-1', 'LOINC/X-1']);
    expect(skipped).toEqual({ 'no-medication': 1, 'no-code': 2 });
  });

  it.each([
    ['AMB', 'OP'],
    ['ambulatory', 'OP'],
    ['IMP', 'IP'],
    ['EMER', 'ER'],
    ['HH', 'HH'],
  ])('takes the class of an encounter: %s', async (name, visit) => {
    const encounter = { resourceType: 'Encounter', period: { start: when } };
    for (const each of [{ code: name }, name, [{ coding: [{ code: name }] }]])
      expect((await read([{ ...encounter, class: each }])).events.map((event) => event.code)).toEqual([
        `Visit/${visit}`,
      ]);
  });

  it.each([
    ['http://snomed.info/sct', 'SNOMED'],
    ['http://snomed.info/sct/731000124108/version/20240301', 'SNOMED'],
    ['urn:oid:2.16.840.1.113883.6.1', 'LOINC'],
    ['https://LOINC.org/', 'LOINC'],
    ['http://www.cms.gov/Medicare/Coding/ICD10', 'ICD10PCS'],
    ['http://hl7.org/fhir/sid/icd-10-cm', 'ICD10CM'],
    ['http://hl7.org/fhir/sid/icd-9-cm', 'ICD9CM'],
    ['https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets', 'HCPCS'],
    ['urn:oid:2.16.840.1.113883.6.12', 'CPT4'],
    ['http://snomed.info/sctx', undefined],
    ['', undefined],
  ])('knows the system %s', (system, vocabulary) => expect(vocabularyOf(system)).toBe(vocabulary));

  it('writes NDC with eleven digits', () => {
    expect(normalCode('NDC', '0378-0208-01')).toBe('00378020801');
    expect(normalCode('NDC', '50090-347-1')).toBe('50090034701');
    expect(normalCode('NDC', '00378020801')).toBe('00378020801');
    expect(normalCode('CPT4', '0378-0208-01')).toBe('0378-0208-01');
  });
});
