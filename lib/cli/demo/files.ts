import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Event } from '../../index.ts';
import { readPatientsJsonl } from '../../index.ts';

// The same path from lib/cli/demo/ and dist/cli/demo/.
const folder = new URL('../../../examples/demo/', import.meta.url);

export const demoPaths = {
  model: fileURLToPath(new URL('demo.gguf', folder)),
  patients: fileURLToPath(new URL('patients.jsonl', folder)),
  truth: fileURLToPath(new URL('truth.json', folder)),
};

export interface DemoPatient {
  id: string;
  events: readonly Event[];
}

/** What the simulator that made the patients knows about them. */
export interface Truth {
  /** The patient that the demo shows. */
  showcase: string;
  /** How many futures of each patient were simulated. */
  continuations: number;
  /** Codes of each outcome by its name. */
  outcomes: Record<string, readonly string[]>;
  patients: Record<string, PatientTruth>;
}

export interface PatientTruth {
  /** Dates as `2020-01-31`; `diagnosed` is null while nobody in the record knows of it. */
  conditions: { name: string; onset: string; diagnosed: string | null }[];
  /** Codes of the next event, with the share of the simulated futures that begin with them. */
  plausibleNext: { code: string; probability: number }[];
  /** By the outcome's name: the share of the simulated futures in which it occurs among the next 64 events. */
  risks: Record<string, { within64: number }>;
}

export async function readDemoPatients(signal: AbortSignal): Promise<DemoPatient[]> {
  const patients: DemoPatient[] = [];
  for await (const record of readPatientsJsonl(demoPaths.patients, { signal }))
    if ('events' in record) patients.push({ id: String(record.id), events: record.events });
  return patients;
}

export async function readTruth(): Promise<Truth> {
  return JSON.parse(await readFile(demoPaths.truth, 'utf8')) as Truth;
}
