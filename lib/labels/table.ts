import { invalidArgument } from '../options.ts';
import type { PatientIndex } from './ids.ts';

/** The columns of MEDS that hold what is to be predicted. */
export type LabelColumnName = 'boolean_value' | 'integer_value' | 'float_value' | 'categorical_value';

/** What is to be predicted, in the order of the label rows, with the type that the file has. */
export type LabelColumn =
  | { name: 'boolean_value'; values: readonly (boolean | null)[] }
  | { name: 'integer_value'; values: readonly (bigint | null)[] }
  | { name: 'float_value'; values: readonly (number | null)[] }
  | { name: 'categorical_value'; values: readonly (string | null)[] };

/** Label times of patients, in the order of the file, and what is to be predicted there. */
export class LabelTable {
  /** Rows. */
  readonly length: number;
  /** Microseconds since 1970 UTC. */
  readonly times: BigInt64Array;
  /** The columns that hold a value in any row. */
  readonly columns: readonly LabelColumn[];
  readonly #index: PatientIndex;
  readonly #ids: readonly (string | bigint)[];
  /** For each row the number of its patient. */
  readonly #patientOf: Int32Array;
  /** Rows of patient `i`, ascending: `#rows` from `#first[i]` up to, not including, `#first[i + 1]`. */
  readonly #first: Int32Array;
  readonly #rows: Int32Array;

  /** @internal Use `readLabels`. */
  constructor(parts: {
    index: PatientIndex;
    ids: readonly (string | bigint)[];
    patientOf: Int32Array;
    times: BigInt64Array;
    columns: readonly LabelColumn[];
  }) {
    const { index, ids, patientOf, times, columns } = parts;
    this.length = times.length;
    this.times = times;
    this.columns = columns;
    this.#index = index;
    this.#ids = ids;
    this.#patientOf = patientOf;
    const first = new Int32Array(index.size + 1);
    for (const patient of patientOf) first[patient + 1]!++;
    for (let i = 0; i < index.size; i++) first[i + 1]! += first[i]!;
    const next = first.slice();
    this.#rows = new Int32Array(patientOf.length);
    for (let row = 0; row < patientOf.length; row++) this.#rows[next[patientOf[row]!]!++] = row;
    this.#first = first;
  }

  /** Patients that have labels. */
  get patients(): number {
    return this.#index.size;
  }

  /** The patient of a row: a bigint where it is a whole number, else text. */
  idAt(row: number): string | bigint {
    return this.#ids[this.#patientOf[row]!]!;
  }

  /** The patient with a number from 0 to `patients - 1`, in the order of their first rows. */
  patientAt(number: number): string | bigint {
    return this.#ids[number]!;
  }

  /** The number of a patient, or -1 where it has no labels. `5`, `5n` and `'5'` are the same patient. */
  find(id: string | number | bigint): number {
    if (typeof id !== 'string' && typeof id !== 'number' && typeof id !== 'bigint')
      throw invalidArgument('id', 'a text, a number or a bigint', id);
    return this.#index.find(id);
  }

  /** The rows of the patient with a number, ascending. A view, not a copy. */
  rowsOf(number: number): Int32Array {
    return this.#rows.subarray(this.#first[number], this.#first[number + 1]);
  }
}
