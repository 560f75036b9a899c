import type { Json } from './json.ts';
import { asText, at } from './json.ts';

/** The id in a reference: of `Patient/7`, `https://server/fhir/Patient/7/_history/2` and `urn:uuid:7`. Undefined for other types. */
export function referencedId(reference: string, type: string): string | undefined {
  if (reference.startsWith('urn:uuid:')) return reference.slice('urn:uuid:'.length);
  const match = /(?:^|\/)([A-Za-z]+)\/([A-Za-z0-9\-.]{1,128})(?:\/_history\/[^/]*)?$/.exec(reference);
  return match?.[1] === type ? match[2] : undefined;
}

/** Whom a resource is about. `byUrl`: ids of a bundle's patients by the URL of their entry. */
export function patientOf(resource: Json, byUrl?: ReadonlyMap<string, string>): string | undefined {
  const reference = asText(at(resource, 'subject.reference')) ?? asText(at(resource, 'patient.reference'));
  if (reference === undefined) return undefined;
  return byUrl?.get(reference) ?? referencedId(reference, 'Patient');
}
