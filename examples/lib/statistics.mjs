// Small statistics that several examples need.

/**
 * The probability that a positive case gets a higher score than a negative one; ties count half.
 *
 * @param {number[]} scores
 * @param {boolean[]} labels
 */
export function auroc(scores, labels) {
  const order = scores.map((_, i) => i).sort((a, b) => scores[a] - scores[b]);
  let positiveRanks = 0;
  for (let begin = 0, end; begin < order.length; begin = end) {
    for (end = begin; end < order.length && scores[order[end]] === scores[order[begin]]; ) end++;
    const rank = (begin + 1 + end) / 2;
    for (let i = begin; i < end; i++) if (labels[order[i]]) positiveRanks += rank;
  }
  const positives = labels.filter(Boolean).length;
  const negatives = labels.length - positives;
  return (positiveRanks - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A copy in random order. */
export function shuffled(list, random) {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

export function standardDeviation(values) {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
}
