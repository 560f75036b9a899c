import { checkString } from '../../options.ts';
import type { Dataset, DataPatient, ReadDatasetOptions } from '../dataset.ts';
import { checkReadOptions } from '../read-options.ts';
import { readBulk } from './bulk.ts';
import { readBundles } from './bundles.ts';
import { Concepts } from './concepts.ts';
import type { FhirFiles } from './files.ts';
import { listFhirFiles } from './files.ts';
import { Skips } from './skips.ts';

/** Share of the work that is done when all lines of an export have been read once. */
const readingShare = 0.8;

/**
 * Opens FHIR R4: a folder of bundles (`.json`) or of bulk data (`.ndjson`), or one such file, packed with gzip or not. Patients of bundles come in
 * the order of the files and of each file; those of bulk data in an order that depends on their ids. Identifiers are the ids of the Patient
 * resources, as text.
 *
 * @throws ClmbrError `INVALID_INPUT` when the folder has neither; `FILE_UNREADABLE`
 */
export async function openFhir(path: string, options: ReadDatasetOptions = {}): Promise<Dataset> {
  const checked = checkReadOptions(options);
  return new FhirDataset(await listFhirFiles(checkString(path, 'path')), checked);
}

class FhirDataset implements Dataset {
  readonly kind = 'fhir';
  readonly files: readonly string[];
  readonly #listed: FhirFiles;
  readonly #options: ReadDatasetOptions;
  readonly #skips = new Skips();
  readonly #concepts = new Concepts();
  readonly #open = new Set<AsyncGenerator<DataPatient, void, undefined>>();
  readonly #bytes: number;
  #bytesRead = 0;
  #handedOn = 0;

  constructor(listed: FhirFiles, options: ReadDatasetOptions) {
    this.#listed = listed;
    this.#options = options;
    this.files = listed.files.map(({ path }) => path);
    this.#bytes = listed.files.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get skipped(): Readonly<Record<string, number>> {
    return this.#skips.counts;
  }

  async *patients(): AsyncGenerator<DataPatient, void, undefined> {
    const { signal, skipBadRows = false, zeroAsMissing = false } = this.#options;
    const common = {
      signal,
      skipBadRows,
      zeroAsMissing,
      skips: this.#skips,
      concepts: this.#concepts,
      onRead: (bytes: number) => (this.#bytesRead += bytes),
    };
    const { form, files } = this.#listed;
    const onPartition = (done: number, total: number) => (this.#handedOn = done / total);
    const patients = form === 'bulk' ? readBulk(files, { ...common, onPartition }) : readBundles(files, common);
    this.#open.add(patients);
    try {
      yield* patients;
    } finally {
      this.#open.delete(patients);
    }
  }

  describe(code: string): string | undefined {
    return this.#concepts.description(code);
  }

  progress(): number | null {
    const read = this.#bytes === 0 ? 1 : Math.min(1, this.#bytesRead / this.#bytes);
    return this.#listed.form === 'bulk' ? readingShare * read + (1 - readingShare) * this.#handedOn : read;
  }

  async close(): Promise<void> {
    for (const patients of this.#open) await patients.return();
    this.#open.clear();
  }
}
