import { firstEntryId } from './special-tokens.ts';
import { kindCategory, kindCode, kindRange } from './vocabulary-store.ts';
import type { Vocabulary } from './vocabulary-store.ts';

// What `CodeIndex.find` gives instead of a token id, see `dropReasonOf`.
const unknownCode = -1;
const valueOutsideRanges = -2;
const noMatchingCategory = -3;
const noPlainEntry = -4;

/**
 * Finds the token of an event. Per code it holds the ranges and categories in the order of the file, each in a slice of a flat array
 * (slice `i` reaches from `first[i]` to `first[i + 1]`). Codes and categories are looked up in a `Map`, so codes such as `constructor`
 * or `__proto__` are codes like others.
 */
export class CodeIndex {
  readonly #codes = new Map<string, number>();
  readonly #categories = new Map<string, number>();
  /** All token ids by code. */
  readonly #entryFirst: Uint32Array;
  readonly #entryIds: Int32Array;
  readonly #rangeFirst: Uint32Array;
  readonly #rangeStart: Float64Array;
  readonly #rangeEnd: Float64Array;
  readonly #rangeId: Int32Array;
  readonly #categoryFirst: Uint32Array;
  readonly #categoryItem: Uint32Array;
  readonly #categoryId: Int32Array;
  /** Per code: the token id of the bare code, or `noPlainEntry`. */
  readonly #plainId: Int32Array;

  constructor(vocabulary: Vocabulary) {
    const { columns } = vocabulary;
    const { codes, entryCode, entryKind } = columns;
    codes.all().forEach((code, i) => this.#codes.set(code, i));
    columns.categories.all().forEach((category, i) => this.#categories.set(category, i));
    const count = codes.length;
    const entryFirst = new Uint32Array(count + 1);
    const rangeFirst = new Uint32Array(count + 1);
    const categoryFirst = new Uint32Array(count + 1);
    for (let entry = 0, category = 0; entry < entryKind.length; entry++) {
      const after = entryCode[entry]! + 1;
      entryFirst[after]!++;
      if (entryKind[entry] === kindRange) rangeFirst[after]!++;
      if (entryKind[entry] === kindCategory) {
        categoryFirst[after]! += columns.categoryFirst[category + 1]! - columns.categoryFirst[category]!;
        category++;
      }
    }
    for (const first of [entryFirst, rangeFirst, categoryFirst]) {
      for (let i = 0; i < count; i++) first[i + 1]! += first[i]!;
    }
    this.#entryFirst = entryFirst;
    this.#rangeFirst = rangeFirst;
    this.#categoryFirst = categoryFirst;
    this.#entryIds = new Int32Array(entryKind.length);
    this.#rangeStart = new Float64Array(columns.rangeStart.length);
    this.#rangeEnd = new Float64Array(columns.rangeEnd.length);
    this.#rangeId = new Int32Array(columns.rangeStart.length);
    this.#categoryItem = new Uint32Array(columns.categoryItem.length);
    this.#categoryId = new Int32Array(columns.categoryItem.length);
    this.#plainId = new Int32Array(count).fill(noPlainEntry);
    this.#fill(vocabulary);
  }

  #fill({ columns }: Vocabulary): void {
    const { entryCode, entryKind, duplicateEntry, duplicateWinner } = columns;
    const nextEntry = this.#entryFirst.slice();
    const nextRange = this.#rangeFirst.slice();
    const nextCategory = this.#categoryFirst.slice();
    let range = 0;
    let category = 0;
    for (let entry = 0, duplicate = 0; entry < entryKind.length; entry++) {
      const code = entryCode[entry]!;
      this.#entryIds[nextEntry[code]!++] = entry + firstEntryId;
      // The text of an entry means the last entry with that text.
      const isDuplicate = duplicate < duplicateEntry.length && duplicateEntry[duplicate] === entry;
      const id = firstEntryId + (isDuplicate ? duplicateWinner[duplicate++]! : entry);
      if (entryKind[entry] === kindRange) {
        const place = nextRange[code]!++;
        this.#rangeStart[place] = columns.rangeStart[range]!;
        this.#rangeEnd[place] = columns.rangeEnd[range]!;
        this.#rangeId[place] = id;
        range++;
      } else if (entryKind[entry] === kindCategory) {
        for (let i = columns.categoryFirst[category]!; i < columns.categoryFirst[category + 1]!; i++) {
          const place = nextCategory[code]!++;
          this.#categoryItem[place] = columns.categoryItem[i]!;
          this.#categoryId[place] = id;
        }
        category++;
      } else if (entryKind[entry] === kindCode && this.#plainId[code]! < 0) {
        this.#plainId[code] = id;
      }
    }
  }

  /** All token ids of a code in order, none for an unknown code. */
  idsOf(code: string): number[] {
    const index = this.#codes.get(code);
    return index === undefined
      ? []
      : Array.from(this.#entryIds.subarray(this.#entryFirst[index], this.#entryFirst[index + 1]));
  }

  /** The token id of an event, or the negative number of a drop reason (see `dropReasonOf`). `value`: nothing and `''` are null. */
  find(code: string, value: number | string | null): number {
    const index = this.#codes.get(code);
    if (index === undefined) return unknownCode;
    if (typeof value === 'number') {
      const end = this.#rangeFirst[index + 1]!;
      const first = this.#rangeFirst[index]!;
      if (first < end) {
        for (let i = first; i < end; i++) {
          if (value >= this.#rangeStart[i]! && value <= this.#rangeEnd[i]!) return this.#rangeId[i]!;
        }
        return valueOutsideRanges;
      }
    } else if (value !== null && value !== '') {
      const first = this.#categoryFirst[index]!;
      const end = this.#categoryFirst[index + 1]!;
      if (first < end) {
        const item = this.#categories.get(value);
        if (item !== undefined) {
          for (let i = first; i < end; i++) if (this.#categoryItem[i] === item) return this.#categoryId[i]!;
        }
        return noMatchingCategory;
      }
    }
    return this.#plainId[index]!;
  }
}
