/** Resources of two patients; what is in `secrets` is theirs alone and may stand in no error. */
export const secrets = ['zorblax-9', '735198462', '2031-07-19', '4711.25'];

const coded = (system: string, code: string, display = 'a display') => ({
  coding: [{ system, code, display }],
  text: 'zorblax-9',
});
const subject = { reference: 'Patient/zorblax-9' };
const time = '2031-07-19T13:37:00+02:00';
const extension = (name: string, code: string) => ({
  url: `http://hl7.org/fhir/us/core/StructureDefinition/us-core-${name}`,
  extension: [
    { url: 'ombCategory', valueCoding: { system: 'urn:oid:2.16.840.1.113883.6.238', code } },
    { url: 'text', valueString: 'zorblax-9' },
  ],
});

export const resources: readonly Record<string, unknown>[] = [
  {
    resourceType: 'Patient',
    id: 'zorblax-9',
    gender: 'female',
    birthDate: '2031-07-19',
    deceasedDateTime: time,
    name: [{ family: 'zorblax-9' }],
    extension: [extension('race', '2106-3'), extension('ethnicity', '2186-5')],
  },
  { resourceType: 'Patient', id: '735198462', gender: 'male', birthDate: '1950', deceasedBoolean: true },
  {
    resourceType: 'Encounter',
    id: 'e',
    status: 'finished',
    class: { code: 'AMB' },
    subject,
    period: { start: time, end: '2031-07-20' },
  },
  {
    resourceType: 'Observation',
    status: 'final',
    subject,
    code: coded('http://loinc.org', '4548-4'),
    effectiveDateTime: time,
    valueQuantity: { value: 4711.25, unit: '%', code: '%', system: 'http://unitsofmeasure.org' },
  },
  {
    resourceType: 'Observation',
    subject: { reference: 'urn:uuid:0' },
    code: coded('http://loinc.org', '85354-9'),
    effectivePeriod: { start: '2031-07', end: '2031' },
    component: [
      { code: coded('http://loinc.org', '8480-6'), valueInteger: 120 },
      { code: coded('http://loinc.org', '8462-4'), valueCodeableConcept: coded('http://snomed.info/sct', '260385009') },
      { code: coded('http://loinc.org', '1-8'), dataAbsentReason: coded('x', 'unknown') },
    ],
  },
  {
    resourceType: 'Observation',
    subject,
    code: coded('http://loinc.org', '2-6'),
    issued: time,
    valueString: 'zorblax-9',
  },
  {
    resourceType: 'Condition',
    subject,
    code: coded('http://snomed.info/sct', '44054006'),
    onsetDateTime: time,
    abatementDateTime: '2032',
  },
  {
    resourceType: 'Procedure',
    subject,
    status: 'completed',
    code: coded('http://www.ama-assn.org/go/cpt', '99213'),
    performedDateTime: time,
  },
  { resourceType: 'Medication', id: 'm', code: coded('http://www.nlm.nih.gov/research/umls/rxnorm', '860975') },
  {
    resourceType: 'MedicationRequest',
    subject,
    status: 'active',
    medicationReference: { reference: 'Medication/m' },
    authoredOn: time,
  },
  {
    resourceType: 'MedicationAdministration',
    subject,
    medicationCodeableConcept: coded('http://hl7.org/fhir/sid/ndc', '0002-8215'),
    effectivePeriod: { start: time },
  },
  {
    resourceType: 'Immunization',
    patient: subject,
    vaccineCode: coded('http://hl7.org/fhir/sid/cvx', '140'),
    occurrenceDateTime: time,
  },
  { resourceType: 'Claim', id: 'zorblax-9', status: 'active' },
];
