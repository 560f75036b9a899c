// Lengths of patients' timelines, the same in every run.

/** Tokens of a STARR patient: share of the patients, tokens that so many patients have at most. The ends are ours. */
export const starrQuantiles = [
  [0, 1],
  [0.25, 17],
  [0.5, 71],
  [0.75, 338],
  [0.9, 1380],
  [0.95, 2954],
  [0.99, 10_235],
  [1, 40_000],
];

/** Tokens at share `q` of the patients, interpolated between the quantiles on a logarithmic scale. */
export function lengthAt(q, quantiles = starrQuantiles) {
  const above = Math.max(
    1,
    quantiles.findIndex(([share]) => share >= q),
  );
  const [fromShare, from] = quantiles[above - 1];
  const [toShare, to] = quantiles[above];
  return Math.round(Math.exp(Math.log(from) + ((q - fromShare) / (toShare - fromShare)) * Math.log(to / from)));
}

/** Numbers from 0 to 1, the same in every run. */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A copy in an order that says nothing about the values. */
export function shuffled(values, seed) {
  const random = randomNumbers(seed);
  const result = [...values];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

/**
 * Lengths of `patients` STARR-like patients, cut at `most` tokens, in random order. Each patient stands for an equal share of the
 * distribution, so that a small sample has its shape too.
 */
export function starrLengths(patients, most = 4096, seed = 1) {
  return shuffled(
    Array.from({ length: patients }, (_, i) => Math.min(most, lengthAt((i + 0.5) / patients))),
    seed,
  );
}

/** After how many events each label of an EHRSHOT-like patient comes: evenly spread, so that half of them have a full window. */
export function labelPositions(labels, context = 4096) {
  return Array.from({ length: labels }, (_, i) => Math.round(((i + 1) * 2 * context) / labels));
}

/** Ids of one sequence, far from special tokens. `start` tells sequences apart. */
export function tokenIds(length, vocabulary, start = 0) {
  return Int32Array.from({ length }, (_, i) => 7 + (((start + i) * 7919) % (vocabulary - 7)));
}
