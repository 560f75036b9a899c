import { IdIndex } from '../data/id-index.ts';

const wholeNumber = /^(?:0|-?[1-9]\d{0,18})$/;
const limit = 2n ** 63n;

/** Numbers the patients of labels. Ids of data and labels are the same where they are the same whole number, whether written as number or text. */
export class PatientIndex {
  readonly #numbers = new IdIndex();
  readonly #texts = new Map<string, number>();
  /** The patient's number of each number in `#numbers`. */
  readonly #patients: number[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The number of a patient, which is a new one where it equals the size before. */
  add(id: string | number | bigint): number {
    const known = this.find(id);
    if (known >= 0) return known;
    const number = toWholeNumber(id);
    if (number === undefined) this.#texts.set(String(id), this.#size);
    else this.#patients[this.#numbers.add(number)] = this.#size;
    return this.#size++;
  }

  /** The number of a patient, or -1. */
  find(id: string | number | bigint): number {
    const number = toWholeNumber(id);
    if (number === undefined) return this.#texts.get(String(id)) ?? -1;
    const place = this.#numbers.find(number);
    return place < 0 ? -1 : this.#patients[place]!;
  }
}

/** `5`, `5n` and `'5'` are 5n; `'005'` and `'5.0'` are texts. */
export function toWholeNumber(id: string | number | bigint): bigint | undefined {
  if (typeof id === 'number' && !Number.isSafeInteger(id)) return undefined;
  if (typeof id === 'string' && !wholeNumber.test(id)) return undefined;
  const number = BigInt(id);
  return number >= -limit && number < limit ? number : undefined;
}
