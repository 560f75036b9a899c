import type { ClmbrModel } from '../../lib/model/index.ts';

/** Log-probabilities of all tokens after each token of some ids, in F64 from the logits that `embed` gives. */
export async function logProbsAfterEach(model: ClmbrModel, ids: readonly number[]): Promise<Float64Array[]> {
  const logits = await model.embed([Int32Array.from(ids)], {
    pooling: 'none',
    representation: 'logits',
    overflow: 'error',
  });
  return Array.from({ length: logits.rows.length }, (_, i) => logSoftmax(logits.row(i)));
}

export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const largest = values.reduce((a, b) => Math.max(a, b));
  const total = largest + Math.log(values.reduce((sum, value) => sum + Math.exp(value - largest), 0));
  return values.map((value) => value - total);
}

/** 1 for the most probable token; of equal ones the lower id comes first. */
export function rankOf(logProbs: Float64Array, id: number): number {
  return 1 + logProbs.filter((value, other) => value > logProbs[id]! || (value === logProbs[id]! && other < id)).length;
}

/** The log-probabilities of a sequence's second token and those after it, as val_ppl.py's loop over windows is worded. */
export async function perplexityLoop(
  model: ClmbrModel,
  ids: readonly number[],
  context: number,
  stride: number,
): Promise<number[]> {
  const n = ids.length;
  const result: number[] = [];
  let previousEnd = 0;
  for (let start = 0; start < n; start += stride) {
    let begin = start;
    if (start + context > n && n > context) begin = n - context;
    const end = Math.min(begin + context, n);
    const window = ids.slice(begin, end);
    const after = await logProbsAfterEach(model, window);
    const fresh = previousEnd === 0 ? window.length - 1 : end - previousEnd;
    for (let i = window.length - fresh; i < window.length; i++) result.push(after[i - 1]![window[i]!]!);
    previousEnd = end;
    if (end === n) break;
  }
  return result;
}
