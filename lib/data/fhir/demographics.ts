import type { DataEvent } from '../dataset.ts';
import type { Json } from './json.ts';
import { asObject, asObjects, asText } from './json.ts';
import type { Skips } from './skips.ts';
import { toTime } from './times.ts';

const birthCode = 'SNOMED/3950001';
const deathCode = 'SNOMED/419620001';

const genders: Readonly<Record<string, string>> = { female: 'Gender/F', male: 'Gender/M' };

const ethnicities: Readonly<Record<string, string>> = {
  '2135-2': 'Ethnicity/Hispanic',
  '2186-5': 'Ethnicity/Not Hispanic',
};

/** The categories of the US Office of Management and Budget, with the concept codes of OMOP's vocabulary Race. */
const races: Readonly<Record<string, string>> = {
  '1002-5': 'Race/1',
  '2028-9': 'Race/2',
  '2054-5': 'Race/3',
  '2076-8': 'Race/4',
  '2106-3': 'Race/5',
};

/** What a Patient resource says. */
export interface Demographics {
  /** Birth, gender, ethnicity and race at the time of birth; without a birth date they have no time. */
  first: DataEvent[];
  death: DataEvent | undefined;
}

export function readDemographics(patient: Json, skips: Skips): Demographics {
  const birthDate = asText(patient.birthDate);
  const start = birthDate === undefined ? undefined : toTime(birthDate);
  if (start === undefined) skips.add(birthDate === undefined ? 'no-birth-date' : 'bad-time');
  const codes = start === undefined ? [] : [birthCode];
  codes.push(
    ...known([asText(patient.gender)], genders, 'gender', skips),
    ...known(categoriesOf(patient, 'us-core-ethnicity'), ethnicities, 'ethnicity', skips),
    ...known(categoriesOf(patient, 'us-core-race'), races, 'race', skips),
  );
  const first = codes.map((code) => personEvent(code, start ?? null, 'person'));
  return { first, death: readDeath(patient, skips) };
}

function readDeath(patient: Json, skips: Skips): DataEvent | undefined {
  const text = asText(patient.deceasedDateTime);
  const start = text === undefined ? undefined : toTime(text);
  if (start !== undefined) return personEvent(deathCode, start, 'death');
  if (text !== undefined) skips.add('bad-time');
  else if (patient.deceasedBoolean === true) skips.add('no-time');
  return undefined;
}

function personEvent(code: string, start: bigint | null, omopTable: string): DataEvent {
  return { code, value: null, unit: null, start, end: null, omopTable };
}

function known(
  values: readonly (string | undefined)[],
  codes: Readonly<Record<string, string>>,
  what: string,
  skips: Skips,
): string[] {
  return values.flatMap((value) => {
    if (value === undefined) return [];
    if (Object.hasOwn(codes, value)) return codes[value]!;
    skips.add(`${what}-not-read`);
    return [];
  });
}

/** Codes of a US Core extension: of its broad category, or of the plain coded concept that it was before. */
function categoriesOf(patient: Json, name: string): (string | undefined)[] {
  const extensions = asObjects(patient.extension).filter(({ url }) => asText(url)?.endsWith(`/${name}`));
  const codings = extensions.flatMap((extension) => {
    const categories = asObjects(extension.extension).filter(({ url }) => url === 'ombCategory');
    const concept = asObject(extension.valueCodeableConcept);
    return [...categories.flatMap(({ valueCoding }) => asObjects(valueCoding)), ...asObjects(concept?.coding)];
  });
  return [...new Set(codings.map(({ code }) => asText(code)))];
}
