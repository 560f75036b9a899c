import type { Window } from '../scheduler/index.ts';
import type { NativeDestination } from '../native/index.ts';

/** Windows of equal hash that are compared with a new one, at most. */
const compared = 8;

/** The windows of a call without those that say the same as an earlier one: their results are copied. */
export class DistinctWindows {
  readonly #byHash = new Map<number, Window[]>();
  readonly #copies: { from: Window; to: Window }[] = [];
  #waiting: Window[] = [];
  #waitingTokens = 0;
  #totalTokens = 0;

  add(window: Window): void {
    const hash = hashOf(window);
    const known = this.#byHash.get(hash);
    const from = known?.find((other) => isCopy(window, other));
    if (from !== undefined) {
      this.#copies.push({ from, to: window });
      return;
    }
    if (known === undefined) this.#byHash.set(hash, [window]);
    else if (known.length < compared) known.push(window);
    this.#waiting.push(window);
    this.#waitingTokens += window.ids.length;
    this.#totalTokens += window.ids.length;
  }

  /** Tokens of the windows that were not taken yet, and of all. */
  get waitingTokens(): number {
    return this.#waitingTokens;
  }

  get totalTokens(): number {
    return this.#totalTokens;
  }

  /** The windows that were added since the last time. */
  take(): Window[] {
    const windows = this.#waiting;
    this.#waiting = [];
    this.#waitingTokens = 0;
    return windows;
  }

  /**
   * Writes the results of those that were left out, once all others are there.
   *
   * @param widths numbers that a row of each destination has in `values` and in `ids`
   */
  copyResults(destinations: readonly NativeDestination[], widths: { values: number; ids?: number }): void {
    for (const { from, to } of this.#copies) {
      for (let i = 0; i < to.outputs.length; i += 4) {
        const { values, ids } = destinations[to.outputs[i + 2]!]!;
        copyRow(values, widths.values, from.outputs[i + 3]!, to.outputs[i + 3]!);
        if (ids !== undefined) copyRow(ids, widths.ids ?? 0, from.outputs[i + 3]!, to.outputs[i + 3]!);
      }
    }
  }
}

function copyRow(rows: Float32Array | Int32Array, width: number, from: number, to: number): void {
  rows.copyWithin(to * width, from * width, (from + 1) * width);
}

/** FNV-1a over the ids, four bytes at a time. */
function hashOf({ ids, outputs }: Window): number {
  let hash = 0x811c9dc5 ^ outputs.length;
  for (let i = 0; i < ids.length; i++) hash = Math.imul(hash ^ ids[i]!, 0x01000193);
  return hash;
}

/** Whether two windows have the same tokens, and results of the same kind for the same ones of them. */
function isCopy(a: Window, b: Window): boolean {
  if (a.ids.length !== b.ids.length || a.outputs.length !== b.outputs.length) return false;
  for (let i = 0; i < a.ids.length; i++) if (a.ids[i] !== b.ids[i]) return false;
  for (let i = 0; i < a.outputs.length; i += 4)
    for (let k = 0; k < 3; k++) if (a.outputs[i + k] !== b.outputs[i + k]) return false;
  return true;
}
