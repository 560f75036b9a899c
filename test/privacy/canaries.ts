import { inspect } from 'node:util';
import { ClmbrError } from '../../lib/errors.ts';
import type { Event } from '../../lib/types.ts';

/** Values that stand for those of patients. Texts say `qz` more than once, so that a piece of one is found too. */
export const canary = {
  id: 'qzid-one-qzid-two',
  numericId: 8_675_309_123,
  number: 98_123.4567,
  text: 'qztext-one qztext-two',
  note: 'qznote-one qznote-two',
  unit: 'qzunit/qzunit',
  /** In the vocabulary of nobody. */
  code: 'QZCODE/qzcode-1',
  time: '2087-11-23T04:05:06Z',
};

const time = BigInt(Date.parse(canary.time)) * 1000n;
export const canaryTime = time;

/** What none of the values may leave anywhere, and what codes and units may leave in reports alone. */
const valueTraces = ['qzid', 'qztext', 'qznote', '86753', '09123', '98123', '4567', '2087-1', String(time).slice(0, 7)];
const codeTraces = ['qzunit', 'qzcode', 'QZCODE'];

/** The first trace in a text; names of folders that the test itself made do not count. */
export function traceIn(text: string, folder: string, mayNameCodes = false): string | undefined {
  const traces = mayNameCodes ? valueTraces : [...valueTraces, ...codeTraces];
  return traces.find((trace) => text.replaceAll(folder, '').includes(trace));
}

/** Everything that a log of an error may show: message, stack, details, causes. */
export function everythingOf(error: unknown): string {
  return inspect(error, { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null });
}

/** What is wrong with an error; undefined where nothing is. */
export function leakOf(error: unknown, folder: string): string | undefined {
  const text = everythingOf(error);
  if (!(error instanceof ClmbrError)) return `no ClmbrError: ${text}`;
  const trace = traceIn(text, folder);
  return trace === undefined ? undefined : `${trace} in ${text}`;
}

export const events: Event[] = [
  { code: canary.code, value: canary.number, unit: canary.unit, start: canary.time },
  { code: 'SNOMED/3950001', start: canary.time },
  { code: 'LOINC/8480-6', value: canary.number, unit: canary.unit, start: canary.time },
  { code: 'LOINC/8480-6', value: canary.text, start: canary.time },
];

export const jsonl = [
  { id: canary.id, events },
  { id: canary.numericId, events, at: [canary.time] },
]
  .map((patient) => JSON.stringify(patient))
  .join('\n');

const coded = (system: string, code: string) => ({
  coding: [{ system, code, display: 'what the code means' }],
  text: canary.note,
});

export const resources = [
  {
    resourceType: 'Patient',
    id: canary.id,
    gender: 'female',
    birthDate: '2087-11-23',
    name: [{ family: canary.text }],
  },
  {
    resourceType: 'Observation',
    status: 'final',
    subject: { reference: `Patient/${canary.id}` },
    code: coded('http://loinc.org', '8480-6'),
    effectiveDateTime: canary.time,
    valueQuantity: { value: canary.number, unit: canary.unit },
    note: [{ text: canary.note }],
  },
  {
    resourceType: 'Observation',
    subject: { reference: `Patient/${canary.id}` },
    code: coded('urn:qzcode', 'qzcode'),
    effectiveDateTime: canary.time,
    valueString: canary.text,
  },
];
export const bundle = JSON.stringify({
  resourceType: 'Bundle',
  type: 'collection',
  entry: resources.map((resource) => ({ resource })),
});
export const ndjson = resources.map((resource) => JSON.stringify(resource)).join('\n');

export const labelsCsv =
  `subject_id,prediction_time,categorical_value,float_value\n` +
  `${canary.id},${canary.time},"${canary.text}",${canary.number}\n${canary.numericId},${canary.time},${canary.text},${canary.number}\n`;

/** With one column of values, which is what an output has room for. */
export const oneLabelCsv =
  `subject_id,prediction_time,categorical_value\n` +
  `${canary.id},${canary.time},"${canary.text}"\n${canary.numericId},${canary.time},${canary.text}\n`;

export const omop: Readonly<Record<string, string>> = {
  'person.csv':
    'person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,race_concept_id,ethnicity_concept_id,person_source_value\n' +
    `${canary.numericId},8507,2087,11,23,0,0,${canary.id}\n`,
  'measurement.csv':
    'measurement_id,person_id,measurement_concept_id,measurement_date,measurement_datetime,value_as_number,value_source_value,unit_source_value\n' +
    `1,${canary.numericId},3004249,2087-11-23,2087-11-23 04:05:06,${canary.number},${canary.text},${canary.unit}\n` +
    `2,${canary.numericId},3004249,2087-11-23,2087-11-23 04:05:06,${canary.number},"${canary.text}",${canary.unit}\n`,
  'concept.csv':
    'concept_id,concept_name,domain_id,vocabulary_id,concept_class_id,standard_concept,concept_code\n' +
    '3004249,Systolic,Measurement,LOINC,Lab Test,S,8480-6\n8507,MALE,Gender,Gender,Gender,S,M\n',
};

/** Damage to a text at places spread over it: cut off, a character more or less, and what breaks quotations and structure. */
export function* damaged(text: string, places: number): Generator<string> {
  const inserted = ['"', '{', '\u0000', '\n', '"qztext"', ',', '\\', '9', 'e', '-'];
  for (let i = 0; i < places; i++) {
    const at = Math.floor(((i + 0.5) * text.length) / places);
    yield text.slice(0, at);
    yield text.slice(0, at) + text.slice(at + 1);
    yield text.slice(0, at) + inserted[i % inserted.length]! + text.slice(at);
  }
  // Each value in another type than it should have.
  for (const value of Object.values(canary)) {
    const [quoted, bare] = [JSON.stringify(value), String(value)];
    for (const other of [`[${quoted}]`, `{"qztext": ${quoted}}`, bare, 'true', `"${bare}"`])
      yield text.replaceAll(quoted, other);
  }
}
