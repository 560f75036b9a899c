import type { DataEvent, DataPatient } from '../dataset.ts';
import type { Demographics } from './demographics.ts';

/** What is known of a patient so far. */
export interface PatientEvents {
  demographics: Demographics | undefined;
  /** In document order. */
  events: DataEvent[];
}

export function emptyRecord(): PatientEvents {
  return { demographics: undefined, events: [] };
}

/**
 * The events of a patient in their order: birth, gender, ethnicity and race, then by start; equal ones in document order, and death last among
 * them.
 */
export function assemble(id: string, { demographics, events }: PatientEvents): DataPatient {
  const death = demographics?.death;
  const dated = death === undefined ? events : [...events, death];
  dated.sort(({ start: a }, { start: b }) => (a! < b! ? -1 : a! > b! ? 1 : 0));
  return { id, events: [...(demographics?.first ?? []), ...dated] };
}
