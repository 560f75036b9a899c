import { ClmbrError } from '../errors.ts';
import { quoted } from '../files/quoted.ts';
import { typeName } from './type-name.ts';
import { StringTable, maxTextLength } from './string-table.ts';
import { Vocabulary, kindCategory, kindCode, kindRange } from './vocabulary-store.ts';
import type { VocabularyColumns } from './vocabulary-store.ts';
import { firstEntryId } from './special-tokens.ts';

/**
 * Checks the content of a tokenizer_config.json and makes a vocabulary of it. Keys that do not matter (`timestamp`, `metadata`,
 * `stats`) are not looked at.
 *
 * Outer range edges of -Infinity and Infinity stay as they are: the reference compares and prints them (`-inf`) like any other float,
 * so an infinite value lies in a range with an infinite edge and in no other.
 *
 * @param json the parsed file, see `parsePythonJson`
 * @param source the file's name, for messages
 * @throws ClmbrError INVALID_VOCABULARY that names the file, the entry, the key, what was expected and what was found
 */
export function parseTokenizerConfig(json: unknown, source: string): Vocabulary {
  const refuse: Refuse = (where, expected, found) => {
    throw new ClmbrError('INVALID_VOCABULARY', `${source}: ${where}: expected ${expected}, found ${found}.`, {
      details: { source, key: where, expected, found },
    });
  };
  if (!isObject(json)) return refuse('top level', 'an object with a list "tokens"', typeName(json));
  const tokens = json['tokens'];
  if (!Array.isArray(tokens)) return refuse('tokens', 'a list of entries', typeName(tokens));
  if (tokens.length === 0) return refuse('tokens', 'at least one entry', 'an empty list');
  const builder = new ColumnsBuilder(tokens.length, refuse);
  for (let i = 0; i < tokens.length; i++) builder.add(i, tokens[i]);
  return withDuplicates(builder.finish(), source);
}

type Refuse = (where: string, expected: string, found: string) => never;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Collects distinct strings and numbers them. */
class Interner {
  readonly #indexes = new Map<string, number>();

  index(text: string): number {
    let index = this.#indexes.get(text);
    if (index === undefined) this.#indexes.set(text, (index = this.#indexes.size));
    return index;
  }

  toTable(): StringTable {
    return StringTable.fromStrings([...this.#indexes.keys()]);
  }
}

class ColumnsBuilder {
  readonly #refuse: Refuse;
  readonly #entryCode: Uint32Array;
  readonly #entryKind: Uint8Array;
  readonly #entryDescription: Uint32Array;
  readonly #codes = new Interner();
  readonly #units = new Interner();
  readonly #categories = new Interner();
  readonly #descriptions = new Interner();
  readonly #rangeStart: number[] = [];
  readonly #rangeEnd: number[] = [];
  readonly #rangeUnit: number[] = [];
  readonly #categoryFirst: number[] = [0];
  readonly #categoryItem: number[] = [];

  constructor(length: number, refuse: Refuse) {
    this.#refuse = refuse;
    this.#entryCode = new Uint32Array(length);
    this.#entryKind = new Uint8Array(length);
    this.#entryDescription = new Uint32Array(length);
  }

  add(index: number, entry: unknown): void {
    const where = `tokens[${index}]`;
    if (!isObject(entry)) return this.#refuse(where, 'an object', typeName(entry));
    const code = this.#text(`${where}.code`, entry['code']);
    if (code === '') return this.#refuse(`${where}.code`, 'a code', 'an empty string');
    this.#entryCode[index] = this.#codes.index(code);
    const description = entry['description'] ?? null;
    if (description !== null) {
      this.#entryDescription[index] =
        1 + this.#descriptions.index(this.#text(`${where}.description`, description, ' or null'));
    }
    const type = entry['type'];
    switch (type) {
      case 'code':
        this.#entryKind[index] = kindCode;
        return;
      case 'numerical_range':
        this.#entryKind[index] = kindRange;
        return this.#addRange(`${where}.tokenization`, entry['tokenization']);
      case 'categorical':
        this.#entryKind[index] = kindCategory;
        return this.#addCategories(`${where}.tokenization`, entry['tokenization']);
      default: {
        const found = typeof type === 'string' ? quoted(type.slice(0, 40)) : typeName(type);
        return this.#refuse(`${where}.type`, '"code", "numerical_range" or "categorical"', found);
      }
    }
  }

  #addRange(where: string, tokenization: unknown): void {
    if (!isObject(tokenization)) return this.#refuse(where, 'an object', typeName(tokenization));
    const start = this.#edge(`${where}.range_start`, tokenization['range_start']);
    const end = this.#edge(`${where}.range_end`, tokenization['range_end']);
    if (start > end) return this.#refuse(`${where}.range_end`, `a number of at least range_start (${start})`, `${end}`);
    const unit = tokenization['unit'];
    this.#rangeStart.push(start);
    this.#rangeEnd.push(end);
    // Python prints a null unit as the same text that stands for "no unit" in the released vocabulary.
    this.#rangeUnit.push(this.#units.index(unit === null ? 'None' : this.#text(`${where}.unit`, unit, ' or null')));
  }

  #addCategories(where: string, tokenization: unknown): void {
    if (!isObject(tokenization)) return this.#refuse(where, 'an object', typeName(tokenization));
    const categories = tokenization['categories'];
    if (!Array.isArray(categories))
      return this.#refuse(`${where}.categories`, 'a list of strings', typeName(categories));
    if (categories.length === 0) return this.#refuse(`${where}.categories`, 'at least one string', 'an empty list');
    for (let i = 0; i < categories.length; i++) {
      this.#categoryItem.push(this.#categories.index(this.#text(`${where}.categories[${i}]`, categories[i])));
    }
    this.#categoryFirst.push(this.#categoryItem.length);
  }

  #edge(where: string, value: unknown): number {
    if (typeof value !== 'number') return this.#refuse(where, 'a number', typeName(value));
    if (Number.isNaN(value)) return this.#refuse(where, 'a number', 'NaN');
    return value;
  }

  #text(where: string, value: unknown, orElse = ''): string {
    if (typeof value !== 'string') return this.#refuse(where, `a string${orElse}`, typeName(value));
    if (value.length > maxTextLength) {
      return this.#refuse(where, `a string of at most ${maxTextLength} characters`, `${value.length}`);
    }
    // Half a surrogate pair has no UTF-8 form, so a GGUF could not carry it.
    if (/\p{Surrogate}/u.test(value)) return this.#refuse(where, 'well-formed Unicode', 'a lone surrogate');
    return value;
  }

  finish(): VocabularyColumns {
    let tables: Record<'codes' | 'units' | 'categories' | 'descriptions', StringTable>;
    try {
      tables = {
        codes: this.#codes.toTable(),
        units: this.#units.toTable(),
        categories: this.#categories.toTable(),
        descriptions: this.#descriptions.toTable(),
      };
    } catch (error) {
      return this.#refuse('tokens', 'a vocabulary of ordinary size', (error as Error).message);
    }
    return {
      ...tables,
      entryCode: this.#entryCode,
      entryKind: this.#entryKind,
      entryDescription: this.#entryDescription,
      rangeStart: Float64Array.from(this.#rangeStart),
      rangeEnd: Float64Array.from(this.#rangeEnd),
      rangeUnit: Uint32Array.from(this.#rangeUnit),
      categoryFirst: Uint32Array.from(this.#categoryFirst),
      categoryItem: Uint32Array.from(this.#categoryItem),
      duplicateEntry: new Uint32Array(0),
      duplicateWinner: new Uint32Array(0),
    };
  }
}

/** Finds the entries whose token text comes again: the reference keeps a dictionary by text, so the last one gets every event. */
function withDuplicates(columns: VocabularyColumns, source: string): Vocabulary {
  const vocabulary = new Vocabulary(columns, source);
  const last = new Map<string, number>();
  for (let id = firstEntryId; id < vocabulary.size; id++) last.set(vocabulary.token(id), id);
  if (last.size === vocabulary.size - firstEntryId) return vocabulary;
  const entries: number[] = [];
  const winners: number[] = [];
  for (let id = firstEntryId; id < vocabulary.size; id++) {
    const winner = last.get(vocabulary.token(id))!;
    if (winner === id) continue;
    entries.push(id - firstEntryId);
    winners.push(winner - firstEntryId);
  }
  return new Vocabulary(
    { ...columns, duplicateEntry: Uint32Array.from(entries), duplicateWinner: Uint32Array.from(winners) },
    source,
  );
}
