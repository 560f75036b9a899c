import type { ClmbrTokenizer, DecodedToken, DroppedEvent } from '../tokenizer/index.ts';
import { bosId, clsId } from '../tokenizer/index.ts';
import type { DropReason } from '../types.ts';

/** What a token id stands for. Without a vocabulary only `id` says what it is. */
export interface MeaningOfId extends Partial<DecodedToken> {
  id: number;
}

/** How surprising an event was, given what came before it. */
export interface EventSurprisal {
  /** Token of the event; null where it gave none. */
  id: number | null;
  /**
   * Natural logarithm of its probability. Null where the event gave no token, and for the first token of a timeline without special tokens:
   * nothing comes before it.
   */
  logProb: number | null;
  /** 1: no token was more probable (equally probable ones count by id). Null where `logProb` is. */
  rank: number | null;
  /** The most probable token in its place, which is the event's own where `rank` is 1. Null where `logProb` is. */
  expected: Readonly<MeaningOfId> | null;
  /** Why the event gave no token; absent where it did. */
  dropped?: DropReason;
}

/** Results of a request that scored tokens. */
export interface Scores {
  /** Log-probability of each row's token. */
  values: Float32Array;
  /** Rank of each row's token, and the most probable token. */
  ids: Int32Array;
}

/** The tokens that surprisal is computed over. `[EOS]` is left out: nothing of the input comes after it. */
export function surprisalIds(ids: Int32Array, specialTokens: boolean): Int32Array {
  if (!specialTokens) return ids;
  const all = new Int32Array(ids.length + 2);
  all.set([clsId, bosId]);
  all.set(ids, 2);
  return all;
}

/** Turns token ids into what they stand for, each once. */
export function decoderOf(tokenizer: ClmbrTokenizer | null): (id: number) => Readonly<MeaningOfId> {
  const known = new Map<number, MeaningOfId>();
  return (id) => {
    let meaning = known.get(id);
    if (meaning === undefined) {
      meaning = tokenizer !== null && id < tokenizer.size ? tokenizer.decode([id])[0]! : { id };
      known.set(id, meaning);
    }
    return meaning;
  };
}

interface AlignedTokens {
  ids: Int32Array;
  /** For each token the index of its event; null: tokens are the input. */
  events: Int32Array | null;
  dropped: readonly DroppedEvent[];
}

/**
 * One entry for each event of the input, in its order.
 *
 * @param firstRow row of the first token; negative where nothing comes before it
 */
export function alignedSurprisal(
  { ids, events, dropped }: AlignedTokens,
  { values, ids: found }: Scores,
  firstRow: number,
  hasContext: boolean,
  decode: (id: number) => Readonly<MeaningOfId>,
): EventSurprisal[] {
  const nothing = { id: null, logProb: null, rank: null, expected: null };
  const result = Array.from({ length: ids.length + dropped.length }, (): EventSurprisal => nothing);
  for (const { event, reason } of dropped) result[event] = { ...nothing, dropped: reason };
  for (const [i, id] of ids.entries()) {
    const row = firstRow + i;
    result[events === null ? i : events[i]!] =
      i === 0 && !hasContext
        ? { ...nothing, id }
        : { id, logProb: values[row]!, rank: found[2 * row]!, expected: decode(found[2 * row + 1]!) };
  }
  return result;
}
