import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { DataEvent } from '../../../lib/data/dataset.ts';
import { seededRandom } from '../../support/random.ts';

export type Resource = Record<string, unknown> & { resourceType: string; id: string };

/** A resource and the events that it stands for. */
export interface Sample {
  resource: Resource;
  events: DataEvent[];
}

export interface SamplePatient {
  id: string;
  patient: Resource;
  /** Birth, gender, ethnicity, race. */
  first: DataEvent[];
  death: DataEvent | undefined;
  /** In document order. */
  samples: Sample[];
}

const micros = (text: string): bigint => BigInt(Date.parse(text)) * 1000n;

const event = (code: string, start: bigint, omopTable: string, rest: Partial<DataEvent> = {}): DataEvent => ({
  code,
  value: null,
  unit: null,
  start,
  end: null,
  omopTable,
  ...rest,
});

const usCore = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-';
const snomed = 'http://snomed.info/sct';
const loinc = 'http://loinc.org';
const races = [
  ['2106-3', 'White', 'Race/5'],
  ['2054-5', 'Black or African American', 'Race/3'],
  ['2028-9', 'Asian', 'Race/2'],
] as const;

const concept = (system: string, code: string, display: string) => ({
  coding: [{ system, code, display }],
  text: display,
});

type Write = (context: { subject: object; time: string; start: bigint; id: string; random: () => number }) => Sample;

const writers: Write[] = [
  ({ subject, time, start, id }) => ({
    resource: {
      resourceType: 'Encounter',
      id,
      status: 'finished',
      class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
      subject,
      period: { start: time, end: '2031-01-01T00:00:00Z' },
    },
    events: [event('Visit/OP', start, 'visit_occurrence', { end: micros('2031-01-01T00:00:00Z') })],
  }),
  ({ subject, time, start, id }) => ({
    resource: {
      resourceType: 'Condition',
      id,
      verificationStatus: { coding: [{ code: 'confirmed' }] },
      code: concept(snomed, '44054006', 'Diabetes'),
      subject,
      onsetDateTime: time,
    },
    events: [event('SNOMED/44054006', start, 'condition_occurrence')],
  }),
  ({ subject, time, start, id, random }) => {
    const value = Math.round(random() * 10_000) / 97;
    return {
      resource: {
        resourceType: 'Observation',
        id,
        status: 'final',
        code: concept(loinc, '2339-0', 'Glucose'),
        subject,
        effectiveDateTime: time,
        valueQuantity: { value, unit: 'mg/dL', system: 'http://unitsofmeasure.org', code: 'mg/dL' },
      },
      events: [event('LOINC/2339-0', start, 'measurement', { value: Math.fround(value), unit: 'mg/dL' })],
    };
  },
  ({ subject, time, start, id }) => ({
    resource: {
      resourceType: 'Observation',
      id,
      status: 'final',
      code: concept(loinc, '85354-9', 'Blood pressure panel'),
      subject,
      effectiveDateTime: time,
      component: [
        { code: concept(loinc, '8462-4', 'Diastolic'), valueQuantity: { value: 80, unit: 'mm[Hg]' } },
        { code: concept(loinc, '8480-6', 'Systolic'), valueQuantity: { value: 120, unit: 'mm[Hg]' } },
      ],
    },
    events: [
      event('LOINC/8462-4', start, 'measurement', { value: 80, unit: 'mm[Hg]' }),
      event('LOINC/8480-6', start, 'measurement', { value: 120, unit: 'mm[Hg]' }),
    ],
  }),
  ({ subject, time, start, id }) => ({
    resource: {
      resourceType: 'Observation',
      id,
      status: 'final',
      code: concept(loinc, '72166-2', 'Tobacco smoking status'),
      subject,
      effectiveDateTime: time,
      valueCodeableConcept: concept(snomed, '266919005', 'Never smoker'),
    },
    events: [event('LOINC/72166-2', start, 'observation', { value: 'Never smoker' })],
  }),
  ({ subject, time, start, id }) => ({
    resource: {
      resourceType: 'MedicationRequest',
      id,
      status: 'active',
      medicationReference: { reference: 'urn:uuid:medication-1' },
      subject,
      authoredOn: time,
    },
    events: [event('RxNorm/860975', start, 'drug_exposure')],
  }),
  ({ subject, time, start, id }) => ({
    resource: {
      resourceType: 'Procedure',
      id,
      status: 'completed',
      code: {
        coding: [
          { system: 'http://local.example/codes', code: 'P1' },
          { system: 'http://www.ama-assn.org/go/cpt', code: '99213' },
          { system: snomed, code: '430193006', display: 'Medication reconciliation' },
        ],
      },
      subject,
      performedPeriod: { start: time },
    },
    events: [
      event('CPT4/99213', start, 'procedure_occurrence', {
        candidates: [{ code: 'SNOMED/430193006', rule: 'coding' }],
      }),
    ],
  }),
  ({ subject, time, start, id }) => ({
    resource: {
      resourceType: 'Immunization',
      id,
      status: 'completed',
      vaccineCode: concept('http://hl7.org/fhir/sid/cvx', '140', 'Influenza'),
      patient: subject,
      occurrenceDateTime: time,
    },
    events: [event('CVX/140', start, 'drug_exposure')],
  }),
  ({ subject, id }) => ({ resource: { resourceType: 'Claim', id, patient: subject }, events: [] }),
];

export const medication: Resource = {
  resourceType: 'Medication',
  id: 'medication-1',
  code: concept('http://www.nlm.nih.gov/research/umls/rxnorm', '860975', 'Metformin'),
};

/** Patients as Synthea writes them, with what a reader should make of them. */
export function samplePatients(count: number, resources: number, seed = 1): SamplePatient[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, n) => {
    const id = `patient-${n}`;
    const subject = { reference: `urn:uuid:${id}` };
    const birthDate = `19${40 + (n % 50)}-03-0${1 + (n % 9)}`;
    const birth = micros(birthDate);
    const [code, display, race] = races[n % races.length]!;
    const deathTime = n % 4 === 0 ? '2030-01-01T00:00:00Z' : undefined;
    const category = (url: string, coding: object) => ({
      url: `${usCore}${url}`,
      extension: [
        { url: 'ombCategory', valueCoding: coding },
        { url: 'text', valueString: 'as people say' },
      ],
    });
    const patient: Resource = {
      resourceType: 'Patient',
      id,
      extension: [
        category('race', { system: 'urn:oid:2.16.840.1.113883.6.238', code, display }),
        category('ethnicity', { code: n % 2 === 0 ? '2135-2' : '2186-5' }),
      ],
      gender: n % 2 === 0 ? 'female' : 'male',
      birthDate,
      ...(deathTime === undefined ? {} : { deceasedDateTime: deathTime }),
    };
    const first = [
      'SNOMED/3950001',
      n % 2 === 0 ? 'Gender/F' : 'Gender/M',
      n % 2 === 0 ? 'Ethnicity/Hispanic' : 'Ethnicity/Not Hispanic',
      race,
    ].map((each) => event(each, birth, 'person'));
    const death = deathTime === undefined ? undefined : event('SNOMED/419620001', micros(deathTime), 'death');
    const samples = Array.from({ length: resources }, (__, i) => {
      const day = 1 + Math.floor(random() * 28);
      const time = `20${10 + Math.floor(random() * 20)}-0${1 + Math.floor(random() * 9)}-${String(day).padStart(2, '0')}T10:00:00+02:00`;
      const write = writers[Math.floor(random() * writers.length)]!;
      return write({ subject, time, start: micros(time), id: `${id}-${i}`, random });
    });
    return { id, patient, first, death, samples };
  });
}

/** What a reader should give for a patient. */
export function expectedEvents({ first, death, samples }: SamplePatient): DataEvent[] {
  const rest = [...samples.flatMap(({ events }) => events), ...(death === undefined ? [] : [death])];
  return [...first, ...rest.sort((a, b) => Number(a.start! - b.start!))];
}

export function bundleOf(patients: readonly SamplePatient[]): object {
  const resources = patients.flatMap(({ patient, samples }) => [patient, ...samples.map(({ resource }) => resource)]);
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    // A medication may stand behind those who refer to it.
    entry: [...resources, medication].map((resource) => ({
      fullUrl: `urn:uuid:${resource.id}`,
      resource,
      request: { method: 'POST', url: resource.resourceType },
    })),
  };
}

/** One file for each type, in two parts where `parts` is 2; resources of a patient keep their order within a type. */
export async function writeBulk(
  folder: string,
  patients: readonly SamplePatient[],
  { parts = 1, gzip = false }: { parts?: number; gzip?: boolean } = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const byType = new Map<string, Resource[]>([['Medication', [medication]]]);
  for (const { patient, samples } of patients) {
    for (const resource of [patient, ...samples.map((sample) => sample.resource)]) {
      const list = byType.get(resource.resourceType) ?? [];
      byType.set(resource.resourceType, list);
      list.push(resource);
    }
  }
  for (const [type, resources] of byType) {
    for (let part = 0; part < parts; part++) {
      const size = Math.ceil(resources.length / parts);
      const lines = resources.slice(part * size, (part + 1) * size).map((resource) => `${bulkJson(resource)}\n`);
      const text = Buffer.from(lines.join(''));
      const name = parts === 1 ? `${type}.ndjson` : `${type}.00${part}.ndjson`;
      await writeFile(join(folder, `${name}${gzip ? '.gz' : ''}`), gzip ? gzipSync(text) : text);
    }
  }
}

/** Bulk data refers by type and id. */
function bulkJson(resource: Resource): string {
  return JSON.stringify(resource)
    .replace(/urn:uuid:patient-/g, 'Patient/patient-')
    .replace(/urn:uuid:medication-/g, 'https://server.example/fhir/Medication/medication-');
}

/** Patients in the order of the files that `writeBulk` makes: events of a type by type. */
export function inBulkOrder(patient: SamplePatient): SamplePatient {
  const samples = [...patient.samples];
  samples.sort((a, b) =>
    a.resource.resourceType < b.resource.resourceType ? -1 : a.resource.resourceType > b.resource.resourceType ? 1 : 0,
  );
  return { ...patient, samples };
}
