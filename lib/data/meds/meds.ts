import { ClmbrError } from '../../errors.ts';
import { checkString, optional } from '../../options.ts';
import type { CodeCandidate, DataPatient, Dataset, ReadDatasetOptions } from '../dataset.ts';
import { checkReadOptions } from '../read-options.ts';
import { ParquetFile } from '../parquet/index.ts';
import type { TextTable } from '../parquet/index.ts';
import { PatientAssembler } from './assembler.ts';
import { CodeTable } from './codes.ts';
import { readEvents } from './columns.ts';
import { findMeds } from './layout.ts';
import { selectSplit } from './splits.ts';
import type { Selection } from './splits.ts';

export interface ReadMedsOptions extends ReadDatasetOptions {
  /** Read the subjects of one split only: `train`, `tuning`, `held_out`. */
  split?: string | undefined;
}

type Settings = Required<Pick<ReadMedsOptions, 'skipBadRows' | 'zeroAsMissing'>> & Pick<ReadMedsOptions, 'signal'>;

/**
 * Opens data in the Medical Event Data Standard (0.3.3 and 0.4): a folder with `data/` and `metadata/`, or one Parquet file of events. Columns
 * `subject_id` (int64), `time` (a timestamp; none for static events), `code`, and where they are there `numeric_value`, `text_value` and `unit`;
 * others are left alone. An event's value is its number rounded to float32, else its text. A NaN counts as a number, as in hf_ehr: no range of
 * values holds it.
 *
 * Rows of a subject lie together, in the order of time; those without a time become its first events wherever they stand. The parents of codes (`metadata/codes.parquet`) are `candidates` to be tried.
 * Counted in `skipped`: `bad-row` and `other-split`, both in rows.
 *
 * @throws ClmbrError `INVALID_ARGUMENT`; `INVALID_INPUT` that names file, column and row (counting from 0), and never a value; `FILE_UNREADABLE`
 */
export async function openMeds(path: string, options: ReadMedsOptions = {}): Promise<Dataset> {
  checkString(path, 'path');
  const { split: name, ...settings } = checkReadOptions<ReadMedsOptions>(options, ['split']);
  const split = optional(name, undefined, (value) => checkString(value, 'split'));
  const layout = await findMeds(path);
  const selection =
    split === undefined ? { files: layout.files, subjects: undefined } : await selectSplit(path, layout, split);
  const codes = layout.codes === undefined ? new CodeTable() : await CodeTable.read(layout.codes);
  return new MedsDataset(selection, codes, settings);
}

class MedsDataset implements Dataset {
  readonly kind = 'meds';
  readonly files: readonly string[];
  readonly skipped: Record<string, number> = {};
  readonly #subjects: Selection['subjects'];
  readonly #codes: CodeTable;
  readonly #settings: Settings;
  /** Texts of all files. */
  readonly #tables = new Map<string, TextTable>();
  #progress = 0;
  #closed = false;

  constructor({ files, subjects }: Selection, codes: CodeTable, settings: Settings) {
    this.files = files;
    this.#subjects = subjects;
    this.#codes = codes;
    this.#settings = settings;
  }

  async *patients(): AsyncGenerator<DataPatient, void, undefined> {
    for (const reason of Object.keys(this.skipped)) delete this.skipped[reason];
    const assembler = new PatientAssembler({
      ...this.#settings,
      subjects: this.#subjects,
      skipped: this.skipped,
    });
    for (const [index, path] of this.files.entries()) {
      this.#assertGoingOn();
      const file = await ParquetFile.open(path, this.#tables);
      try {
        assembler.begin(path);
        for await (const batch of readEvents(file)) {
          for (const patient of assembler.add(batch)) {
            this.#assertGoingOn();
            yield patient;
          }
          this.#assertGoingOn();
          this.#progress = (index + (batch.firstRow + batch.rows) / file.rows) / this.files.length;
        }
        yield* assembler.end();
      } finally {
        await file.close();
      }
    }
  }

  candidates(code: string): readonly CodeCandidate[] {
    return this.#codes.candidates(code);
  }

  describe(code: string): string | undefined {
    return this.#codes.describe(code);
  }

  progress(): number {
    return this.#progress;
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  #assertGoingOn(): void {
    this.#settings.signal?.throwIfAborted();
    if (this.#closed) throw new ClmbrError('DISPOSED', 'The data set was closed while its patients were read.');
  }
}
