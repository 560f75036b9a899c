/** How well the model foresees timelines: exp(-mean log-probability) of their tokens. */
export interface Perplexity {
  /** NaN where no token was scored. */
  ppl: number;
  /** Tokens scored: all but the first of each timeline. */
  tokens: number;
  /** Natural logarithm, NaN where no token was scored. */
  meanLogProb: number;
}

/** Over all patients of a call, each token counting the same. */
export interface OverallPerplexity extends Perplexity {
  /** With the option `logProbs`: of each patient the log-probabilities of its tokens from the second on; empty where fewer than two. */
  logProbs?: Float32Array[];
}

/** The perplexity of tokens whose log-probabilities add up to `sum`. */
export function perplexityOf(sum: number, tokens: number): Perplexity {
  const meanLogProb = tokens === 0 ? NaN : sum / tokens;
  return { ppl: Math.exp(-meanLogProb), tokens, meanLogProb };
}

/** In F64: the numbers have 24 bits each, and timelines are long. */
export function sumOf(logProbs: Float32Array): number {
  let sum = 0;
  for (const logProb of logProbs) sum += logProb;
  return sum;
}
