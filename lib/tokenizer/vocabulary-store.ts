import { pythonFloat } from './python-float.ts';
import { firstEntryId, specialTokens } from './special-tokens.ts';
import type { StringTable } from './string-table.ts';

/** What a token stands for: a bare code, a code with its value in a range, a code with its value in a set of texts. */
export type EntryKind = 'special' | 'code' | 'numerical_range' | 'categorical';

/** One token of a vocabulary. */
export interface VocabularyEntry {
  /** Token id; the first entry after the special tokens has id 7. */
  id: number;
  /** The code; for a special token its text, such as `[PAD]`. */
  code: string;
  kind: EntryKind;
  description: string | null;
  /** Of a range. The reference writes the string `None` where there is no unit. */
  unit?: string;
  /** Of a range; both ends are included. The outer edges are +-1.7976931348623157e308 or infinite. */
  rangeStart?: number;
  rangeEnd?: number;
  /** The texts that a category stands for; at least one. */
  categories?: string[];
}

export const kindCode = 1;
export const kindRange = 2;
export const kindCategory = 3;

/**
 * A vocabulary by columns. An *entry* is an index into the list of the file (token id - 7); ranges and categories have columns of
 * their own, which hold the entries of that kind in order.
 */
export interface VocabularyColumns {
  /** Distinct codes. */
  codes: StringTable;
  /** Per entry: index into `codes`. */
  entryCode: Uint32Array;
  /** Per entry: `kindCode`, `kindRange` or `kindCategory`. */
  entryKind: Uint8Array;
  /** Per entry: 1 + index into `descriptions`, 0 for none. */
  entryDescription: Uint32Array;
  descriptions: StringTable;
  /** Per range. */
  rangeStart: Float64Array;
  rangeEnd: Float64Array;
  /** Per range: index into `units`. */
  rangeUnit: Uint32Array;
  units: StringTable;
  /** Per categorical entry, and one more: where its texts begin in `categoryItem`. */
  categoryFirst: Uint32Array;
  /** Index into `categories`. */
  categoryItem: Uint32Array;
  /** Distinct texts. */
  categories: StringTable;
  /** Entries whose token text appears again later, ascending, and the last entry with that text, which the text means. */
  duplicateEntry: Uint32Array;
  duplicateWinner: Uint32Array;
}

/** The tokens of a model: seven special ones, then the entries of its tokenizer_config.json. Immutable. */
export class Vocabulary {
  /** Number of token ids. */
  readonly size: number;
  /** The file that it came from, for messages. */
  readonly source: string;
  /** @internal */
  readonly columns: VocabularyColumns;
  /** Per entry: its place in the columns of its kind. */
  readonly #slots: Uint32Array;

  /** @internal The columns have to be consistent; `parseTokenizerConfig` and `vocabularyFromTables` see to that. */
  constructor(columns: VocabularyColumns, source: string) {
    this.columns = columns;
    this.source = source;
    this.size = firstEntryId + columns.entryKind.length;
    this.#slots = new Uint32Array(columns.entryKind.length);
    const next = [0, 0, 0, 0];
    for (let i = 0; i < this.#slots.length; i++) this.#slots[i] = next[columns.entryKind[i]!]!++;
  }

  /** The entry of a token id, which must be within 0 .. size - 1. */
  entry(id: number): VocabularyEntry {
    if (id < firstEntryId) return { id, code: specialTokens[id]!, kind: 'special', description: null };
    const { columns } = this;
    const index = id - firstEntryId;
    const slot = this.#slots[index]!;
    const description = columns.entryDescription[index]!;
    const common = {
      id,
      code: columns.codes.at(columns.entryCode[index]!),
      description: description === 0 ? null : columns.descriptions.at(description - 1),
    };
    switch (columns.entryKind[index]) {
      case kindRange:
        return {
          ...common,
          kind: 'numerical_range',
          unit: columns.units.at(columns.rangeUnit[slot]!),
          rangeStart: columns.rangeStart[slot]!,
          rangeEnd: columns.rangeEnd[slot]!,
        };
      case kindCategory:
        return { ...common, kind: 'categorical', categories: this.#categories(slot) };
      default:
        return { ...common, kind: 'code' };
    }
  }

  /** The text of a token as Python prints it, such as `LOINC/2236-8 || None || -1.7976931348623157e+308 - 4.0`. */
  token(id: number): string {
    if (id < firstEntryId) return specialTokens[id]!;
    const { columns } = this;
    const index = id - firstEntryId;
    const slot = this.#slots[index]!;
    const code = columns.codes.at(columns.entryCode[index]!);
    switch (columns.entryKind[index]) {
      case kindRange: {
        const start = pythonFloat(columns.rangeStart[slot]!);
        const end = pythonFloat(columns.rangeEnd[slot]!);
        return `${code} || ${columns.units.at(columns.rangeUnit[slot]!)} || ${start} - ${end}`;
      }
      case kindCategory:
        return `${code} || ${this.#categories(slot).join(',')}`;
      default:
        return code;
    }
  }

  #categories(slot: number): string[] {
    const { categoryFirst, categoryItem, categories } = this.columns;
    const items = categoryItem.subarray(categoryFirst[slot], categoryFirst[slot + 1]);
    return Array.from(items, (item) => categories.at(item));
  }
}
