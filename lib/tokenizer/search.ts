import { firstEntryId } from './special-tokens.ts';
import type { Vocabulary } from './vocabulary-store.ts';

/** A code that a search found. */
export interface CodeMatch {
  code: string;
  /** Of the first entry of the code that has one. */
  description: string | null;
  /** All token ids of the code. */
  ids: number[];
}

/** Longest text that is compared; codes are far shorter. */
const maxQueryLength = 200;

/** Finds codes by their text or description. The lower-case copies that it searches are made at the first use. */
export class CodeSearch {
  readonly #codes: readonly string[];
  readonly #descriptions: (string | null)[];
  readonly #lowerCodes: string[];
  readonly #lowerDescriptions: string[];

  constructor(vocabulary: Vocabulary) {
    const { columns } = vocabulary;
    this.#codes = columns.codes.all();
    this.#descriptions = new Array<string | null>(this.#codes.length).fill(null);
    for (let id = vocabulary.size - 1; id >= firstEntryId; id--) {
      const index = columns.entryDescription[id - firstEntryId]!;
      if (index > 0) this.#descriptions[columns.entryCode[id - firstEntryId]!] = columns.descriptions.at(index - 1);
    }
    this.#lowerCodes = this.#codes.map((code) => code.toLowerCase());
    this.#lowerDescriptions = this.#descriptions.map((description) => description?.toLowerCase() ?? '');
  }

  /** Best matches first, equals in the order of the vocabulary (frequent codes come first there). */
  search(query: string, limit: number): { code: string; description: string | null }[] {
    const text = query.trim().toLowerCase();
    if (text === '') return [];
    const words = text.split(/\s+/);
    const ranked: number[][] = [[], [], [], [], []];
    for (let i = 0; i < this.#codes.length; i++) {
      const rank = rankOf(text, words, this.#lowerCodes[i]!, this.#lowerDescriptions[i]!);
      if (rank >= 0) ranked[rank]!.push(i);
    }
    return ranked
      .flat()
      .slice(0, limit)
      .map((i) => ({ code: this.#codes[i]!, description: this.#descriptions[i]! }));
  }

  /** The known codes that a mistyped code may have meant: the same code in another spelling first, then a few letters off. */
  suggest(code: string, count: number): string[] {
    const wanted = normalise(code.slice(0, maxQueryLength));
    if (wanted === '') return [];
    const most = Math.min(2, Math.floor(wanted.length / 4));
    const found: { index: number; distance: number }[] = [];
    for (let index = 0; index < this.#codes.length; index++) {
      const known = normalise(this.#lowerCodes[index]!);
      // A code without its vocabulary (`4548-4`) counts as nearly the same.
      const distance = known.endsWith(`/${wanted}`) ? 0.5 : editDistance(wanted, known, most);
      if (distance <= most) found.push({ index, distance });
    }
    found.sort((a, b) => a.distance - b.distance || a.index - b.index);
    return found.slice(0, count).map(({ index }) => this.#codes[index]!);
  }
}

/** 0 the code, 1 its beginning, 2 the beginning of a word of the description, 3 anywhere, 4 every word somewhere, -1 not at all. */
function rankOf(text: string, words: readonly string[], code: string, description: string): number {
  if (code === text) return 0;
  if (code.startsWith(text)) return 1;
  const at = description.indexOf(text);
  if (at >= 0 && startsWord(description, text, at)) return 2;
  if (at >= 0 || code.includes(text)) return 3;
  return words.length > 1 && words.every((word) => description.includes(word) || code.includes(word)) ? 4 : -1;
}

function startsWord(description: string, text: string, first: number): boolean {
  for (let at = first; at >= 0; at = description.indexOf(text, at + 1)) {
    if (at === 0 || !/[\p{L}\p{N}]/u.test(description[at - 1]!)) return true;
  }
  return false;
}

/** `LOINC//2236-8`, `loinc:2236-8` and `LOINC/2236-8` are spellings of one code. */
function normalise(code: string): string {
  return code
    .trim()
    .toLowerCase()
    .replace(/[/:|]+/g, '/');
}

/** Levenshtein distance, or anything greater than `most` as soon as it must be greater. */
function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return Infinity;
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const swap = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const distance = Math.min(swap, previous[j]! + 1, row[j - 1]! + 1);
      row.push(distance);
      if (distance < least) least = distance;
    }
    if (least > most) return Infinity;
    previous = row;
  }
  return previous[b.length]!;
}
