import type { Vocabulary } from '../tokenizer/index.ts';
import { firstEntryId } from '../tokenizer/index.ts';

const isLowest = 1;
const isHighest = 2;

/** The codes of a vocabulary that have value ranges, and which of their tokens stand for the lowest and the highest of these. */
export class RangedCodes {
  readonly codes: string[] = [];
  readonly descriptions: (string | null)[] = [];
  /** Number of distinct ranges of each code. */
  readonly ranges: number[] = [];
  readonly #indexes = new Map<string, number>();
  /** Per token id: 1 + index of the code, 0 where the token stands for no range. */
  readonly #codeOfToken: Uint32Array;
  readonly #edgeOfToken: Uint8Array;

  constructor(vocabulary: Vocabulary) {
    this.#codeOfToken = new Uint32Array(vocabulary.size);
    this.#edgeOfToken = new Uint8Array(vocabulary.size);
    const ranges: { id: number; start: number; end: number }[][] = [];
    for (let id = firstEntryId; id < vocabulary.size; id++) {
      const { kind, code, description, rangeStart, rangeEnd } = vocabulary.entry(id);
      if (kind !== 'numerical_range') continue;
      const index = this.#indexOf(code, description);
      this.#codeOfToken[id] = index + 1;
      (ranges[index] ??= []).push({ id, start: rangeStart!, end: rangeEnd! });
    }
    for (const ofCode of ranges) this.#markEdges(ofCode);
  }

  /** Index of the code whose range a token stands for, -1 for every other token. */
  codeOfToken(id: number): number {
    return this.#codeOfToken[id]! - 1;
  }

  /** Index of a code, -1 where it has no ranges. */
  indexOf(code: string): number {
    return this.#indexes.get(code) ?? -1;
  }

  isLowest(id: number): boolean {
    return (this.#edgeOfToken[id]! & isLowest) !== 0;
  }

  isHighest(id: number): boolean {
    return (this.#edgeOfToken[id]! & isHighest) !== 0;
  }

  #indexOf(code: string, description: string | null): number {
    let index = this.#indexes.get(code);
    if (index === undefined) {
      index = this.codes.length;
      this.#indexes.set(code, index);
      this.codes.push(code);
      this.descriptions.push(description);
    }
    this.descriptions[index] ??= description;
    return index;
  }

  #markEdges(ranges: { id: number; start: number; end: number }[]): void {
    // Ranges that touch share an edge, so the other end decides between a point and what follows it.
    const lowest = ranges.reduce((a, b) => (b.start < a.start || (b.start === a.start && b.end < a.end) ? b : a));
    const highest = ranges.reduce((a, b) => (b.end > a.end || (b.end === a.end && b.start > a.start) ? b : a));
    for (const { id, start, end } of ranges) {
      if (start === lowest.start && end === lowest.end) this.#edgeOfToken[id]! |= isLowest;
      if (start === highest.start && end === highest.end) this.#edgeOfToken[id]! |= isHighest;
    }
    this.ranges.push(new Set(ranges.map(({ start, end }) => `${start} ${end}`)).size);
  }
}
