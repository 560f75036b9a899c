import { stat } from 'node:fs/promises';
import type { PatientRecord, TokenRecord } from '../index.ts';
import { readPatientsJsonl } from '../index.ts';

/** A patient as a line of a file gives it. */
export type Listed = PatientRecord | TokenRecord;

/** Patients of a file or of standard input, and how much of it has been read. */
export interface PatientSource {
  patients: AsyncGenerator<Listed, void, undefined>;
  readonly patientsRead: number;
  /** How many patients there are, judged by what was read of the file; null where its size is not known. */
  estimatedPatients(): number | null;
}

/** @param path `-` is standard input */
export async function openPatients(path: string, signal: AbortSignal): Promise<PatientSource> {
  const size = path === '-' ? null : await sizeOf(path);
  let bytesRead = 0;
  const records = readPatientsJsonl(path === '-' ? process.stdin : path, {
    signal,
    name: 'standard input',
    onBytes: (bytes) => (bytesRead += bytes),
  });
  const source: PatientSource & { patientsRead: number } = {
    patientsRead: 0,
    patients: withIds(records, () => source.patientsRead++),
    estimatedPatients: () =>
      size === null || bytesRead === 0 ? null : Math.max(1, (source.patientsRead * size) / Math.min(bytesRead, size)),
  };
  return source;
}

/** Null where there is none: a pipe, or a file that the reader will complain about. */
async function sizeOf(path: string): Promise<number | null> {
  const status = await stat(path).catch(() => null);
  return status?.isFile() && status.size > 0 ? status.size : null;
}

/** A patient without identifier goes by its number, counted from 0. */
async function* withIds(
  records: AsyncIterable<Listed>,
  nextNumber: () => number,
): AsyncGenerator<Listed, void, undefined> {
  for await (const record of records) {
    const number = nextNumber();
    record.id ??= number;
    yield record;
  }
}

/** Bounds of what is held at a time. */
const batchPatients = 64;
const batchEvents = 32_768;

/** Patients in groups that are worth a call of the model. */
export async function* inBatches(patients: AsyncIterable<Listed>): AsyncGenerator<Listed[], void, undefined> {
  let batch: Listed[] = [];
  let events = 0;
  for await (const patient of patients) {
    batch.push(patient);
    events += 'events' in patient ? patient.events.length : patient.ids.length;
    if (batch.length < batchPatients && events < batchEvents) continue;
    yield batch;
    batch = [];
    events = 0;
  }
  if (batch.length > 0) yield batch;
}
