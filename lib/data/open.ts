import { ClmbrError } from '../errors.ts';
import { checkChoice, checkString, optional } from '../options.ts';
import type { DataKind, Dataset, ReadDatasetOptions } from './dataset.ts';
import { openFhir } from './fhir/index.ts';
import { openJsonl } from './jsonl-dataset.ts';
import { checkReadOptions } from './read-options.ts';
import { recogniseData } from './recognise.ts';

export interface OpenDatasetOptions extends ReadDatasetOptions {
  /** Form of the data, instead of what names and first bytes tell. */
  input?: DataKind | undefined;
}

type Open = (path: string, options: ReadDatasetOptions) => Promise<Dataset>;

/** Each reader is loaded when it is needed: Parquet and DuckDB are large. */
const readers: Readonly<Record<DataKind, () => Promise<Open>>> = {
  jsonl: () => Promise.resolve(openJsonl),
  fhir: () => Promise.resolve(openFhir),
  meds: async () => (await import('./meds/index.ts')).openMeds,
  omop: async () => (await import('./omop/index.ts')).openOmop,
};

export const dataKinds = Object.keys(readers) as readonly DataKind[];

/**
 * Opens patients of a folder, a file or standard input (`-`): JSON Lines, MEDS, OMOP CDM or FHIR R4.
 *
 * @throws ClmbrError `INVALID_INPUT` that says what was found where it is none of these; `INVALID_ARGUMENT`, `FILE_UNREADABLE`
 */
export async function openDataset(path: string, options: OpenDatasetOptions = {}): Promise<Dataset> {
  checkString(path, 'path');
  const { input: given, ...reading } = checkReadOptions<OpenDatasetOptions>(options, ['input']);
  const input = optional(given, undefined, (value) => checkChoice(value, 'input', dataKinds));
  const kind = input ?? (await recogniseData(path));
  if (path === '-' && kind !== 'jsonl')
    throw new ClmbrError('INVALID_ARGUMENT', `input: expected jsonl for standard input, found ${kind}.`);
  const openReader = await readers[kind]();
  return openReader(path, reading);
}
