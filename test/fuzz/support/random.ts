import { seededRandom } from '../../support/random.ts';

/** Choices that depend on a seed and the number of a case alone, so that any case can be repeated without those before it. */
export class Random {
  /** Number of the case. */
  readonly index: number;
  readonly #next: () => number;

  constructor(seed: number, index: number) {
    this.index = index;
    this.#next = seededRandom(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35));
    this.#next();
  }

  /** A whole number from 0 to `count` - 1; 0 where `count` is 0. */
  below(count: number): number {
    return Math.floor(this.#next() * count);
  }

  /** Both ends included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Uint8Array.from({ length }, () => this.below(256)));
  }
}
