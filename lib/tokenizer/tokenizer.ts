import { ClmbrError } from '../errors.ts';
import {
  checkFunction,
  checkInstance,
  checkInteger,
  checkOptions,
  checkString,
  isArray,
  isInt32Array,
  optional,
} from '../options.ts';
import type { Event } from '../types.ts';
import { CodeIndex } from './code-index.ts';
import { describeEntry, hasUnit } from './describe.ts';
import { EventEncoder } from './encoder.ts';
import type { DropListener, Encoding } from './encoder.ts';
import { loadVocabulary } from './load.ts';
import { CodeSearch } from './search.ts';
import type { CodeMatch } from './search.ts';
import { typeName } from './type-name.ts';
import { Vocabulary } from './vocabulary-store.ts';
import type { EntryKind } from './vocabulary-store.ts';

/** What a token id stands for. */
export interface DecodedToken {
  id: number;
  /** The token's text as the Python reference prints it. */
  token: string;
  /** null for special tokens. */
  code: string | null;
  kind: EntryKind;
  /** The values that the token stands for, both ends included. */
  range?: { start: number; end: number };
  /** The text that the token stands for; several are joined by commas. */
  category?: string;
  unit?: string;
  description: string | null;
}

/** The events of one patient. */
export type PatientEvents = readonly Event[] | { readonly events: readonly Event[] };

export interface EncodeOptions {
  /** Put `[CLS] [BOS]` before and `[EOS]` after the tokens, as the model card does. Default false. */
  specialTokens?: boolean;
}

/**
 * Maps coded events to the tokens of a CLMBR vocabulary, exactly as `CLMBRTokenizer` of hf_ehr does. Needs no native addon. Immutable, so
 * one can serve any number of callers.
 */
export class ClmbrTokenizer {
  readonly vocabulary: Vocabulary;
  readonly #index: CodeIndex;
  #search: CodeSearch | undefined;

  constructor(vocabulary: Vocabulary) {
    checkInstance(vocabulary, 'vocabulary', Vocabulary);
    this.vocabulary = vocabulary;
    this.#index = new CodeIndex(vocabulary);
  }

  static fromVocabulary(vocabulary: Vocabulary): ClmbrTokenizer {
    return new ClmbrTokenizer(vocabulary);
  }

  /**
   * Reads a tokenizer_config.json, or the vocabulary inside a GGUF file that this package converted.
   *
   * @throws ClmbrError FILE_UNREADABLE, NOT_A_MODEL, INVALID_GGUF, INVALID_VOCABULARY, NO_VOCABULARY
   */
  static async load(path: string): Promise<ClmbrTokenizer> {
    return new ClmbrTokenizer(await loadVocabulary(checkString(path, 'path')));
  }

  /** Number of token ids, the 7 special ones included. */
  get size(): number {
    return this.vocabulary.size;
  }

  /**
   * The tokens of a patient, in the order of the events. Without any token it is one `[PAD]` (4), or `[CLS] [BOS] [EOS]` with special
   * tokens.
   *
   * @throws ClmbrError INVALID_INPUT that names the event and key
   */
  encode(patient: PatientEvents, options: EncodeOptions = {}): Encoding {
    const events = reading('patient', () => Array.from(eventsOf(patient)));
    const specialTokens = specialTokensOf(options);
    const encoder = this.encoder({ capacity: events.length });
    encoder.pushSlice(events);
    return encoder.finish({ specialTokens });
  }

  /** A collector to encode a long timeline in slices; see `EventEncoder`. */
  encoder(options: { capacity?: number; onDrop?: DropListener } = {}): EventEncoder {
    const given = checkOptions<{ capacity?: number; onDrop?: DropListener }>(options, 'options', [
      'capacity',
      'onDrop',
    ]);
    // A first guess that the list outgrows: more would be taken before there is anything to hold.
    const capacity = optional(given.capacity, 256, (value) => checkInteger(value, 'capacity', 0, 2 ** 31 - 1));
    const onDrop = optional(given.onDrop, undefined, (value) => checkFunction<DropListener>(value, 'onDrop'));
    return new EventEncoder(this.#index, { capacity: Math.min(capacity, 2 ** 20), ...(onDrop && { onDrop }) });
  }

  /** The texts of a patient's tokens, as Python prints them. */
  tokens(patient: PatientEvents, options: EncodeOptions = {}): string[] {
    return Array.from(this.encode(patient, options).ids, (id) => this.vocabulary.token(id));
  }

  /**
   * What token ids stand for.
   *
   * @throws ClmbrError INVALID_ARGUMENT for an id that the vocabulary does not have
   */
  decode(ids: readonly number[] | Int32Array): DecodedToken[] {
    if (!isArray(ids) && !isInt32Array(ids)) {
      throw new ClmbrError('INVALID_ARGUMENT', `ids: expected a list of token ids, found ${typeName(ids)}.`);
    }
    const list = reading('ids', () => Array.from(ids as ArrayLike<number>));
    return list.map((id, i) => this.#decode(this.#checkId(id, `ids[${i}]`)));
  }

  /** A token id as a short phrase for people: `Hemoglobin A1c (LOINC/4548-4) from 6.5 to 7.2`. */
  describe(id: number): string {
    return describeEntry(this.vocabulary.entry(this.#checkId(id, 'id')));
  }

  /** All token ids of a code (bare, ranges, categories), ascending; none for an unknown code. */
  idsOf(code: string): number[] {
    return this.#index.idsOf(checkString(code, 'code'));
  }

  /**
   * Finds codes by code or description, ignoring case: an exact code first, then codes that begin with the query, descriptions with a word
   * that begins with it, any other occurrence, and last those that have all its words somewhere.
   */
  search(query: string, options: { limit?: number } = {}): CodeMatch[] {
    const { limit = 20 } = checkOptions<{ limit?: number }>(options, 'options', ['limit']);
    if (typeof query !== 'string') {
      throw new ClmbrError('INVALID_ARGUMENT', `query: expected a string, found ${typeName(query)}.`);
    }
    checkCount('limit', limit);
    return this.#codeSearch()
      .search(query, limit)
      .map((match) => ({ ...match, ids: this.idsOf(match.code) }));
  }

  /** At most `count` known codes that an unknown one may have meant, nearest first. */
  suggest(code: string, count = 3): string[] {
    if (typeof code !== 'string') {
      throw new ClmbrError('INVALID_ARGUMENT', `code: expected a string, found ${typeName(code)}.`);
    }
    checkCount('count', count);
    return this.#codeSearch().suggest(code, count);
  }

  #codeSearch(): CodeSearch {
    return (this.#search ??= new CodeSearch(this.vocabulary));
  }

  #decode(id: number): DecodedToken {
    const { code, kind, description, rangeStart, rangeEnd, unit, categories } = this.vocabulary.entry(id);
    const token: DecodedToken = {
      id,
      token: this.vocabulary.token(id),
      code: kind === 'special' ? null : code,
      kind,
      description,
    };
    if (rangeStart !== undefined && rangeEnd !== undefined) token.range = { start: rangeStart, end: rangeEnd };
    if (unit !== undefined && hasUnit(unit)) token.unit = unit;
    if (categories !== undefined) token.category = categories.join(',');
    return token;
  }

  #checkId(id: number, where: string): number {
    if (Number.isInteger(id) && id >= 0 && id < this.size) return id;
    const found = typeof id === 'number' ? id : typeName(id);
    throw new ClmbrError(
      'INVALID_ARGUMENT',
      `${where}: expected a token id from 0 to ${this.size - 1}, found ${found}.`,
      {
        details: { key: where, size: this.size },
      },
    );
  }
}

function reading<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof ClmbrError) throw cause;
    throw new ClmbrError('INVALID_INPUT', `${what}: reading it failed.`, { cause });
  }
}

function eventsOf(patient: PatientEvents): readonly Event[] {
  if (isArray(patient)) return patient;
  if (typeof patient === 'object' && patient !== null) {
    const events = reading('patient', () => (patient as { events: readonly Event[] }).events);
    if (isArray(events)) return events;
    throw new ClmbrError('INVALID_INPUT', `patient.events: expected a list of events, found ${typeName(events)}.`);
  }
  throw new ClmbrError(
    'INVALID_INPUT',
    `patient: expected a list of events or { events }, found ${typeName(patient)}.`,
  );
}

function specialTokensOf(options: EncodeOptions): boolean {
  const { specialTokens = false } = checkOptions<EncodeOptions>(options, 'options', ['specialTokens']);
  if (typeof specialTokens === 'boolean') return specialTokens;
  throw new ClmbrError('INVALID_ARGUMENT', `specialTokens: expected a boolean, found ${typeName(specialTokens)}.`);
}

function checkCount(name: string, count: number): void {
  if (Number.isInteger(count) && count >= 0) return;
  const found = typeof count === 'number' ? count : typeName(count);
  throw new ClmbrError('INVALID_ARGUMENT', `${name}: expected a whole number of at least 0, found ${found}.`);
}
