/** Plain versions of what the sampler does, in F64 and without a line of the product. */

export interface Shaping {
  temperature?: number;
  topK?: number;
  topP?: number;
  forbidden?: readonly number[];
}

/** Logits to probabilities in the order and meaning of transformers' generate: forbidden events, temperature, top-k, top-p. */
export function shapedProbabilities(logits: readonly number[], shaping: Shaping = {}): number[] {
  const { temperature = 1, topK = 0, topP = 1, forbidden = [] } = shaping;
  let scores = logits.map((logit, i) => (forbidden.includes(i) ? -Infinity : logit / temperature));
  if (topK > 0) {
    const least = scores.toSorted((a, b) => b - a)[Math.min(topK, scores.length) - 1]!;
    scores = scores.map((score) => (score < least ? -Infinity : score));
  }
  if (topP < 1) {
    const probabilities = softmax(scores);
    const ascending = [...probabilities.keys()].sort((a, b) => probabilities[a]! - probabilities[b]! || b - a);
    let mass = 0;
    for (const id of ascending.slice(0, -1)) {
      mass += probabilities[id]!;
      if (mass <= 1 - topP) scores[id] = -Infinity;
    }
  }
  return softmax(scores);
}

export function softmax(scores: readonly number[]): number[] {
  const most = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** High 32 bits of the product of two unsigned 32-bit numbers. */
function highProduct(a: number, b: number): number {
  const a0 = a & 0xffff;
  const a1 = a >>> 16;
  const b0 = b & 0xffff;
  const b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const other = a0 * b1 + (middle & 0xffff);
  return a1 * b1 + (middle >>> 16) + (other >>> 16);
}

const words = new Uint32Array(4);

/** Philox4x32-10 (Salmon et al. 2011) of a key and a counter, in four words that the next call overwrites. */
export function philox(
  key: readonly [number, number],
  counter: readonly [number, number, number, number],
): Uint32Array {
  words.set(counter);
  let k0 = key[0];
  let k1 = key[1];
  for (let round = 0; round < 10; round++) {
    const c0 = words[0]!;
    const c2 = words[2]!;
    words[0] = highProduct(0xcd9e8d57, c2) ^ words[1]! ^ k0;
    words[1] = Math.imul(0xcd9e8d57, c2);
    words[2] = highProduct(0xd2511f53, c0) ^ words[3]! ^ k1;
    words[3] = Math.imul(0xd2511f53, c0);
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return words;
}

/** The documented number in [0, 1) behind event `event` of sample `sample`, both below 2^32. */
export function uniform(seed: number | bigint, sample: number, event: number): number {
  const key = BigInt(seed);
  const [high, low] = philox([Number(key & 0xffffffffn), Number(key >> 32n)], [event, 0, sample, 0]);
  return (high! * 2 ** 21 + (low! >>> 11)) * 2 ** -53;
}

/** Where each event's share of [0, 1) ends. */
export function cumulative(probabilities: readonly number[]): number[] {
  let sum = 0;
  return probabilities.map((probability) => (sum += probability));
}
