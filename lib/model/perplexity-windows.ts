/** Which windows score a sequence, and which of its tokens each of them scores, as the reference's perplexity does it. */
import { breathe, isOutOfBreath } from './breathe.ts';
import { DistinctWindows } from './distinct-windows.ts';

/** Tokens [begin, end) of a sequence, of which those from `first` on are scored. */
export interface ScoreWindow {
  begin: number;
  end: number;
  first: number;
}

/**
 * Windows of at most `context` tokens that begin every `stride` tokens; the last one is moved back to be full. Each scores the tokens that
 * none before it did, so that all but the first token of the sequence are scored once.
 *
 * @param stride from 1 to `context` - 1
 */
export function* slidingWindows(length: number, context: number, stride: number): Generator<ScoreWindow> {
  let scored = 1;
  for (let start = 0; scored < length; start += stride) {
    const end = Math.min(start + context, length);
    yield { begin: Math.max(0, end - context), end, first: scored };
    scored = end;
  }
}

/** Rows of results of one sequence: its second token, its third, and so on. */
export interface ScoredRows {
  first: number;
  count: number;
}

/** Collects the windows of many sequences for a request that scores tokens. */
export class ScorePlanner {
  readonly windows = new DistinctWindows();
  /** Result rows so far. */
  rows = 0;
  readonly #context: number;
  readonly #stride: number;

  constructor(context: number, stride: number) {
    this.#context = context;
    this.#stride = stride;
  }

  /**
   * Sequences of less than two tokens have nothing to score. With a small stride there are about as many windows as tokens: the event loop
   * runs between them.
   *
   * @throws `signal.reason` when aborted
   */
  async add(ids: Int32Array, signal?: AbortSignal): Promise<ScoredRows> {
    const rows = { first: this.rows, count: Math.max(0, ids.length - 1) };
    for (const { begin, end, first } of slidingWindows(ids.length, this.#context, this.#stride)) {
      const outputs = new Int32Array(4 * (end - first));
      for (let token = first, at = 0; token < end; token++, at += 4) {
        outputs[at] = token - 1 - begin;
        outputs[at + 1] = token - begin;
        outputs[at + 3] = rows.first + token - 1;
      }
      this.windows.add({ ids: ids.subarray(begin, end), outputs });
      if (isOutOfBreath()) await breathe(signal);
    }
    this.rows += rows.count;
    return rows;
  }
}
