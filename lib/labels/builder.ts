import type { HeapBudget } from '../heap.ts';
import { PatientIndex, toWholeNumber } from './ids.ts';
import { LabelTable } from './table.ts';
import type { LabelColumn, LabelColumnName } from './table.ts';

export interface LabelValues {
  boolean_value: boolean;
  integer_value: bigint;
  float_value: number;
  categorical_value: string;
}

type Columns = { [Name in LabelColumnName]: (LabelValues[Name] | null)[] };

/** What a row takes with its patient and a value of each type, as measured, and some more while lists grow. */
const rowBytes = 160;

/** Collects label rows. */
export class LabelBuilder {
  readonly #budget: HeapBudget;
  readonly #index = new PatientIndex();
  readonly #ids: (string | bigint)[] = [];
  readonly #columns: Columns = { boolean_value: [], integer_value: [], float_value: [], categorical_value: [] };
  #patientOf = new Int32Array(1024);
  #times = new BigInt64Array(1024);
  #length = 0;

  constructor(budget: HeapBudget) {
    this.#budget = budget;
  }

  get length(): number {
    return this.#length;
  }

  /** @throws ClmbrError `INVALID_INPUT` where so many rows more would not fit memory */
  assertRoom(rows: number): void {
    this.#budget.assertRoom(rows * rowBytes);
  }

  /**
   * Begins the next row. `time` is in microseconds since 1970 UTC.
   *
   * @throws ClmbrError `INVALID_INPUT` where it does not fit memory
   */
  add(id: string | number | bigint, time: bigint): void {
    this.#budget.take(rowBytes);
    if (this.#length === this.#times.length) this.#grow();
    const known = this.#index.size;
    const patient = this.#index.add(id);
    if (patient === known) {
      if (typeof id === 'string') this.#budget.take(id.length);
      this.#ids.push(toWholeNumber(id) ?? String(id));
    }
    this.#patientOf[this.#length] = patient;
    this.#times[this.#length] = time;
    this.#length++;
  }

  /** A value of a row that was begun; rows without one have none. */
  set<Name extends LabelColumnName>(name: Name, row: number, value: LabelValues[Name]): void {
    if (typeof value === 'string') this.#budget.take(value.length);
    const column: (LabelValues[Name] | null)[] = this.#columns[name];
    while (column.length <= row) column.push(null);
    column[row] = value;
  }

  finish(): LabelTable {
    const columns: LabelColumn[] = [];
    for (const [name, values] of Object.entries(this.#columns)) {
      if (values.length === 0) continue;
      while (values.length < this.#length) values.push(null);
      columns.push({ name, values } as LabelColumn);
    }
    return new LabelTable({
      index: this.#index,
      ids: this.#ids,
      patientOf: this.#patientOf.slice(0, this.#length),
      times: this.#times.slice(0, this.#length),
      columns,
    });
  }

  #grow(): void {
    const patients = new Int32Array(2 * this.#length);
    const times = new BigInt64Array(2 * this.#length);
    patients.set(this.#patientOf);
    times.set(this.#times);
    this.#patientOf = patients;
    this.#times = times;
  }
}
