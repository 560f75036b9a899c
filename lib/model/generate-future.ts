import type { ClmbrTokenizer, DecodedToken } from '../tokenizer/index.ts';
import type { DrawnSample, StopReason } from './sample-batch.ts';

/** An event of a future. Without a vocabulary only `id` says what it is. */
export interface GeneratedEvent extends Partial<DecodedToken> {
  id: number;
  /** Natural logarithm of its probability under the model itself, whatever temperature, topK, topP or forbid made of it. */
  logProb: number;
}

/** What a future rests on. */
export interface HistoryInfo {
  /** Tokens used, special ones included, after the context cut them. */
  tokens: number;
  /** Whether earlier tokens were left out for want of room. */
  truncated: boolean;
  /** Events up to the label time that gave no token. */
  dropped: number;
}

/** A simulated future. */
export interface Future {
  /** Its number, from 0: sample i is the same whatever `samples` is. */
  sample: number;
  /** In the order they were drawn; the one that ended the future is the last. */
  events: GeneratedEvent[];
  stopReason: StopReason;
  history: HistoryInfo;
  /** With the option `logProbs`: that of each event. */
  logProbs?: Float32Array;
}

export function generatedEvent(tokenizer: ClmbrTokenizer | null, id: number, logProb: number): GeneratedEvent {
  const known = tokenizer !== null && id < tokenizer.size ? tokenizer.decode([id])[0] : undefined;
  return { ...known, id, logProb };
}

export function futureOf(
  tokenizer: ClmbrTokenizer | null,
  { sample, ids, logProbs, stopReason }: DrawnSample,
  history: HistoryInfo,
  withLogProbs: boolean,
): Future {
  const events = ids.map((id, i) => generatedEvent(tokenizer, id, logProbs[i]!));
  return { sample, events, stopReason, history, ...(withLogProbs ? { logProbs: Float32Array.from(logProbs) } : {}) };
}
