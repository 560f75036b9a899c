import { basename } from 'node:path';
import { ClmbrError } from '../../errors.ts';
import { unreadable } from '../../files/input-file.ts';
import { parsePythonJson } from '../../json.ts';
import type { DataPatient } from '../dataset.ts';
import { readLines } from '../lines.ts';
import { openPackedSource } from '../packed-source.ts';
import type { PatientEvents } from './assemble.ts';
import { assemble, emptyRecord } from './assemble.ts';
import type { ConvertOptions } from './convert.ts';
import { readEvents } from './convert.ts';
import { readDemographics } from './demographics.ts';
import type { FhirFile } from './files.ts';
import type { Json } from './json.ts';
import { asObject, asObjects, asText } from './json.ts';
import { Medications } from './medications.ts';
import { patientOf } from './references.ts';
import { PartitionSpool } from './spool.ts';
import { toLine, fromLine } from './spool-lines.ts';

/** Longest resource, in bytes: attachments are inside. */
const maxLineBytes = 500_000_000;
/** Share of an export for one partition, in bytes; the events of it are about a tenth of that. */
const partitionBytes = 64 * 1024 * 1024;
const maxPartitions = 4096;

export interface BulkOptions extends Omit<ConvertOptions, 'medications'> {
  skipBadRows: boolean;
  signal: AbortSignal | undefined;
  /** Told of every piece of a file that has been read, and of every part of the events that was handed on. */
  onRead: (bytes: number) => void;
  onPartition: (done: number, total: number) => void;
  /** For tests. */
  partitions?: number | undefined;
}

/** Types of which an export holds much and the models know nothing: their lines are counted, not parsed. */
const unreadTypes = new Set(
  (
    'Account Appointment AuditEvent Binary CarePlan CareTeam Claim ClaimResponse Communication Consent Coverage Device DocumentReference ' +
    'EpisodeOfCare ExplanationOfBenefit FamilyMemberHistory Goal Group HealthcareService ImagingStudy Location Media Organization Practitioner ' +
    'PractitionerRole Provenance Questionnaire QuestionnaireResponse RelatedPerson Schedule ServiceRequest Slot Specimen SupplyDelivery Task'
  ).split(' '),
);

/** `Patient` of `Patient.000.ndjson.gz`. */
function typeOfFile(path: string): string {
  return /^[A-Za-z]+/.exec(basename(path))?.[0] ?? '';
}

/**
 * The patients of an export with one resource a line. What belongs to a patient may lie in any of the files, so its events go into parts of a
 * temporary file first; memory is bounded by the largest part, which holds the whole of its patients, and by the codes of all Medications.
 */
export async function* readBulk(
  files: readonly FhirFile[],
  options: BulkOptions,
): AsyncGenerator<DataPatient, void, undefined> {
  const size = files.reduce((sum, { path, bytes }) => sum + bytes * (/\.gz$/i.test(path) ? 10 : 1), 0);
  const partitions = options.partitions ?? Math.min(maxPartitions, Math.ceil(size / partitionBytes) || 1);
  const spool = await PartitionSpool.create(partitions);
  try {
    await fill(spool, files, options);
    for (let i = 0; i < spool.partitions; i++) {
      const records = await readPartition(spool, i, options);
      options.onPartition(i, spool.partitions);
      for (const [id, record] of records) {
        options.signal?.throwIfAborted();
        yield assemble(id, record);
      }
    }
    options.onPartition(spool.partitions, spool.partitions);
  } finally {
    await spool.close();
  }
}

async function fill(spool: PartitionSpool, files: readonly FhirFile[], options: BulkOptions): Promise<void> {
  const { skips, concepts } = options;
  const medications = new Medications(concepts);
  const areMedications = ({ path }: FhirFile) => typeOfFile(path) === 'Medication';
  // Those that refer to them may be in any file.
  const ordered = [...files.filter(areMedications), ...files.filter((file) => !areMedications(file))];
  const convert = { ...options, medications };
  for (const { path } of ordered) {
    for await (const resource of readResources(path, options)) {
      if (resource.resourceType === 'Medication') {
        medications.add(resource);
        continue;
      }
      const isPatient = resource.resourceType === 'Patient';
      const events = isPatient ? readDemographics(resource, skips) : readEvents(resource, convert);
      if (Array.isArray(events) && events.length === 0) continue;
      const id = isPatient ? asText(resource.id) : patientOf(resource);
      if (id === undefined) {
        skips.add(isPatient ? 'no-patient-id' : 'no-patient');
        continue;
      }
      const written = spool.add(id, toLine(id, events));
      if (written !== undefined) await written;
    }
  }
}

async function readPartition(
  spool: PartitionSpool,
  partition: number,
  { skips, concepts, signal }: BulkOptions,
): Promise<Map<string, PatientEvents>> {
  const records = new Map<string, PatientEvents>();
  for await (const line of spool.lines(partition)) {
    signal?.throwIfAborted();
    const { id, demographics, events } = fromLine(line, concepts);
    let record = records.get(id);
    if (record === undefined) records.set(id, (record = emptyRecord()));
    for (const event of events) record.events.push(event);
    if (demographics === undefined) continue;
    if (record.demographics === undefined) record.demographics = demographics;
    else skips.add('repeated-patient');
  }
  return records;
}

/** The resources of a file; a bundle on a line stands for what it holds. */
async function* readResources(path: string, options: BulkOptions): AsyncGenerator<Json, void, undefined> {
  const { skips, skipBadRows, signal, onRead } = options;
  const unread = typeOfFile(path);
  const isUnread = unreadTypes.has(unread);
  const source = await openPackedSource(path);
  const stop = () => source.stream.destroy(new Error('stopped'));
  signal?.addEventListener('abort', stop, { once: true });
  let told = 0;
  const onBytes = () => {
    onRead(source.bytesRead - told);
    told = source.bytesRead;
  };
  const tooLong = (line: number) =>
    new ClmbrError(
      'INVALID_INPUT',
      `${path}:${line}: expected a line of at most ${maxLineBytes} bytes, found a longer one.`,
    );
  try {
    for await (const { number, bytes } of readLines(source.stream, { maxLineBytes, onBytes, tooLong })) {
      signal?.throwIfAborted();
      if (bytes.length === 0) continue;
      if (isUnread) {
        skips.addType(unread);
        continue;
      }
      const resource = parseLine(bytes);
      if (typeof resource !== 'string') {
        yield* resource.resourceType === 'Bundle' ? resourcesOf(resource) : [resource];
      } else if (resource !== 'nothing') {
        if (!skipBadRows)
          throw new ClmbrError(
            'INVALID_INPUT',
            `${path}:${number}: expected one FHIR resource in JSON, found ${resource}.`,
          );
        skips.add('bad-row');
      }
    }
    // What follows the content in a packed file.
    onBytes();
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof ClmbrError ? error : unreadable(path, error);
  } finally {
    signal?.removeEventListener('abort', stop);
    source.stream.destroy();
  }
}

function resourcesOf(bundle: Json): Json[] {
  return asObjects(bundle.entry)
    .map(({ resource }) => asObject(resource))
    .filter((resource) => resource !== undefined);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** A resource, or what stands there instead. */
function parseLine(bytes: Buffer): Json | string {
  let value: unknown;
  try {
    const text = utf8.decode(bytes);
    if (text.trim() === '') return 'nothing';
    value = parsePythonJson(text);
  } catch (cause) {
    return cause instanceof SyntaxError ? cause.message : 'text that is not UTF-8';
  }
  const resource = asObject(value);
  return resource === undefined || asText(resource.resourceType) === undefined
    ? 'JSON without "resourceType"'
    : resource;
}
