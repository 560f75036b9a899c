import type { Window } from './assemble.ts';

/** Windows of one group of a request. */
export interface Portion<Group> {
  group: Group;
  windows: readonly Window[];
}

/** Windows that are sorted together. */
const generationSize = 8192;

/**
 * The windows of one request that wait. Groups keep their order, so that none is overtaken for long; within a generation (a group, or a
 * part of a large one) the longest windows come first. Two generations are in view: the second fills the room that the first leaves.
 */
export class WaitingWindows<Group> {
  #front: Window[] = [];
  #frontGroup: Group | undefined;
  #back: Window[] = [];
  #backGroup: Group | undefined;
  /** Groups after those in view; `begin`: windows of the first that are in view already. */
  readonly #later: Portion<Group>[] = [];
  #begin = 0;

  add(group: Group, windows: readonly Window[]): void {
    if (windows.length === 0) return;
    this.#later.push({ group, windows });
    this.#refill();
  }

  get isEmpty(): boolean {
    return this.#front.length === 0;
  }

  clear(): void {
    this.#front = [];
    this.#back = [];
    this.#later.length = 0;
    this.#begin = 0;
  }

  /** Length of the i-th window in view. */
  length(i: number): number | undefined {
    const n = this.#front.length;
    return (i < n ? this.#front[i] : this.#back[i - n])?.ids.length;
  }

  /** The first window in view from the i-th on that has at most so many tokens. */
  firstWithin(i: number, tokens: number): number | undefined {
    const n = this.#front.length;
    const front = firstAtMost(this.#front, Math.min(i, n), tokens);
    if (front < n) return front;
    const back = firstAtMost(this.#back, Math.max(0, i - n), tokens);
    return back < this.#back.length ? n + back : undefined;
  }

  /** Takes windows out of the view, by number and ascending. */
  take(numbers: readonly number[]): Portion<Group>[] {
    const n = this.#front.length;
    const front = numbers.filter((i) => i < n);
    const back = numbers.filter((i) => i >= n).map((i) => i - n);
    const portions: Portion<Group>[] = [];
    if (front.length > 0) portions.push({ group: this.#frontGroup!, windows: front.map((i) => this.#front[i]!) });
    if (back.length > 0) portions.push({ group: this.#backGroup!, windows: back.map((i) => this.#back[i]!) });
    this.#front = without(this.#front, front);
    this.#back = without(this.#back, back);
    this.#refill();
    return portions;
  }

  #refill(): void {
    while (this.#front.length === 0 || this.#back.length === 0) {
      if (this.#front.length === 0 && this.#back.length > 0) {
        [this.#front, this.#frontGroup, this.#back] = [this.#back, this.#backGroup, []];
        continue;
      }
      const portion = this.#later[0];
      if (portion === undefined) return;
      const end = this.#begin + generationSize;
      this.#back = portion.windows.slice(this.#begin, end).sort((a, b) => b.ids.length - a.ids.length);
      this.#backGroup = portion.group;
      this.#begin = end;
      if (end < portion.windows.length) continue;
      this.#later.shift();
      this.#begin = 0;
    }
  }
}

/** Windows are sorted, the longest first. */
function firstAtMost(windows: readonly Window[], from: number, tokens: number): number {
  let low = from;
  let high = windows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (windows[middle]!.ids.length > tokens) low = middle + 1;
    else high = middle;
  }
  return low;
}

function without(windows: Window[], numbers: readonly number[]): Window[] {
  if (numbers.length === 0) return windows;
  const gone = new Set(numbers);
  return windows.filter((_, i) => !gone.has(i));
}
