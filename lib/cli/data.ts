import type { ClmbrTokenizer, DataOptions, DataPatient, DataTokens } from '../index.ts';
import { openDataset, openMapper } from '../index.ts';
import type { DataFlags } from './options.ts';
import { refuseInputAsOutput } from './own-input.ts';
import { given } from './options.ts';

/** A patient of any form of data, in the codes of the vocabulary. */
export type Listed = DataPatient | DataTokens;

/** Patients of a file, a folder or standard input, and how much of it has been read. */
export interface PatientSource {
  patients: AsyncGenerator<Listed, void, undefined>;
  readonly patientsRead: number;
  /** How many patients there are, judged by what was read; null where the size of the data is not known. */
  estimatedPatients(): number | null;
}

/** What the flags say of reading data. */
export function dataOptions(flags: DataFlags): DataOptions {
  const { input, map, convertUnits, exactCase, skipBadRows, zeroAsMissing } = flags;
  return { ...given({ input, map, convertUnits }), exactCase, skipBadRows, zeroAsMissing };
}

/**
 * @param path `-` is standard input
 * @param tokenizer whose codes the events get; null: they stay as they are
 * @param out file that must be none of those that are read
 */
export async function openPatients(
  path: string,
  tokenizer: ClmbrTokenizer | null,
  flags: DataFlags,
  signal: AbortSignal,
  out?: string,
): Promise<PatientSource> {
  const { map, convertUnits, exactCase, ...reading } = dataOptions(flags);
  const dataset = await openDataset(path, { ...reading, signal });
  if (out !== undefined) await refuseInputAsOutput(out, [...dataset.files, map, convertUnits]);
  const mapper =
    tokenizer === null ? null : await openMapper(tokenizer, dataset, given({ map, convertUnits, exactCase }));
  const source: PatientSource & { patientsRead: number } = {
    patientsRead: 0,
    patients: read(),
    estimatedPatients: () => {
      const share = dataset.progress();
      return share === null || share === 0 ? null : Math.max(1, source.patientsRead / share);
    },
  };
  async function* read() {
    try {
      for await (const patient of dataset.patients()) {
        source.patientsRead++;
        yield mapper === null ? patient : mapper.mapPatient(patient);
      }
    } finally {
      await dataset.close();
    }
  }
  return source;
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
