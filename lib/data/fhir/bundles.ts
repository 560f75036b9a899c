import { gunzip } from 'node:zlib';
import { ClmbrError } from '../../errors.ts';
import { readWholeFile, unreadable } from '../../files/input-file.ts';
import { parsePythonJson } from '../../json.ts';
import type { DataPatient } from '../dataset.ts';
import type { PatientEvents } from './assemble.ts';
import { assemble, emptyRecord } from './assemble.ts';
import type { ConvertOptions } from './convert.ts';
import { readEvents } from './convert.ts';
import { readDemographics } from './demographics.ts';
import type { FhirFile } from './files.ts';
import type { Json } from './json.ts';
import { asObject, asText } from './json.ts';
import { Medications } from './medications.ts';
import { patientOf, referencedId } from './references.ts';

/** A JavaScript string holds no more than 512 MB. */
const maxBundleBytes = 500_000_000;

export interface BundleOptions extends Omit<ConvertOptions, 'medications'> {
  skipBadRows: boolean;
  signal: AbortSignal | undefined;
  onRead: (bytes: number) => void;
}

interface Entry {
  resource: Json;
  url: string | undefined;
}

/** The patients of files that hold a bundle, or a single resource, each. Memory is bounded by the largest file. */
export async function* readBundles(
  files: readonly FhirFile[],
  options: BundleOptions,
): AsyncGenerator<DataPatient, void, undefined> {
  const { skips, skipBadRows, signal, onRead } = options;
  const seen = new Set<string>();
  for (const { path, bytes } of files) {
    signal?.throwIfAborted();
    const document = await parseFile(path).catch((error: unknown) => {
      if (!skipBadRows || !(error instanceof ClmbrError) || error.code !== 'INVALID_INPUT') throw error;
      skips.add('bad-row');
      return undefined;
    });
    onRead(bytes);
    if (document === undefined) continue;
    for (const [id, record] of readBundle(entriesOf(document, path, options), options)) {
      signal?.throwIfAborted();
      if (seen.has(id)) {
        const problem = `${path}: holds a patient whom another file holds too; patients in several files have to be NDJSON.`;
        if (!skipBadRows) throw new ClmbrError('INVALID_INPUT', problem);
        skips.add('repeated-patient');
        continue;
      }
      seen.add(id);
      yield assemble(id, record);
    }
  }
}

async function parseFile(path: string): Promise<Json> {
  let bytes: Buffer = await readWholeFile(path, maxBundleBytes);
  if (/\.gz$/i.test(path)) {
    bytes = await unpack(bytes).catch((cause: unknown) => {
      throw unreadable(path, cause);
    });
  }
  let document: unknown;
  try {
    document = parsePythonJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const found = cause instanceof SyntaxError ? cause.message : 'text that is not UTF-8';
    throw new ClmbrError('INVALID_INPUT', `${path}: expected a FHIR bundle in JSON, found ${found}.`);
  }
  const bundle = asObject(document);
  if (asText(bundle?.resourceType) === undefined)
    throw new ClmbrError('INVALID_INPUT', `${path}: expected a FHIR bundle, found JSON without "resourceType".`);
  return bundle!;
}

/** What a document holds; a resource that is no bundle stands for itself. */
function entriesOf(document: Json, path: string, { skips, skipBadRows }: BundleOptions): Entry[] {
  if (document.resourceType !== 'Bundle') return [{ resource: document, url: undefined }];
  const entries: unknown[] = Array.isArray(document.entry) ? document.entry : [];
  return entries.flatMap((value, i) => {
    const entry = asObject(value);
    // Entries may be mere requests or responses.
    if (entry !== undefined && entry.resource === undefined) {
      skips.add('no-resource');
      return [];
    }
    const resource = asObject(entry?.resource);
    if (resource !== undefined) return [{ resource, url: asText(entry!.fullUrl) }];
    if (!skipBadRows)
      throw new ClmbrError('INVALID_INPUT', `${path}: entry[${i}].resource: expected an object, found something else.`);
    skips.add('bad-row');
    return [];
  });
}

/** The patients of a bundle in document order. */
function readBundle(entries: readonly Entry[], options: BundleOptions): Map<string, PatientEvents> {
  const { skips, concepts } = options;
  const medications = new Medications(concepts);
  const records = new Map<string, PatientEvents>();
  const byUrl = new Map<string, string>();
  // Whoever refers to a patient or a medication may stand before it.
  for (const { resource, url } of entries) {
    if (resource.resourceType === 'Medication') medications.add(resource, url);
    if (resource.resourceType !== 'Patient') continue;
    const id = asText(resource.id) ?? (url === undefined ? undefined : referencedId(url, 'Patient'));
    if (id === undefined) skips.add('no-patient-id');
    else if (records.has(id)) skips.add('repeated-patient');
    else records.set(id, { demographics: readDemographics(resource, skips), events: [] });
    if (id !== undefined && url !== undefined) byUrl.set(url, id);
  }
  for (const { resource } of entries) {
    if (resource.resourceType === 'Patient' || resource.resourceType === 'Medication') continue;
    const events = readEvents(resource, { ...options, medications });
    if (events.length === 0) continue;
    const id = patientOf(resource, byUrl);
    if (id === undefined) {
      skips.add('no-patient');
      continue;
    }
    let record = records.get(id);
    if (record === undefined) records.set(id, (record = emptyRecord()));
    for (const event of events) record.events.push(event);
  }
  return records;
}

/** Not by `promisify`: in some Nodes importing node:util opens standard error, which a service may not have. */
function unpack(bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    gunzip(bytes, { maxOutputLength: maxBundleBytes }, (error, unpacked) =>
      error ? reject(error) : resolve(unpacked),
    );
  });
}
