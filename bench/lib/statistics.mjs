// Medians, spreads, and how far two results lie apart.

/** The value below which a share `q` of the values lies, with linear interpolation. */
export function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

export const median = (values) => quantile(values, 0.5);

/** Median and range of what was measured. */
export const summary = (values) => ({
  median: median(values),
  least: Math.min(...values),
  most: Math.max(...values),
  runs: values.length,
});

/**
 * How many times as fast `ours` is as `theirs`, round by round: what else the machine did during a round fell on both, so the ratio
 * of a round says more than the ratio of two medians.
 */
export function ratios(ours, theirs) {
  const rounds = Math.min(ours.length, theirs.length);
  if (rounds === 0) return undefined;
  return summary(Array.from({ length: rounds }, (_, i) => ours[i] / theirs[i]));
}

/** The least cosine of corresponding rows, and the largest difference of their elements over the reference row's largest element. */
export function agreement(reference, found, dimensions) {
  if (reference.length !== found.length || reference.length % dimensions !== 0 || reference.length === 0) {
    throw new Error(
      `Expected two results of whole rows of ${dimensions}, found ${reference.length} and ${found.length} numbers.`,
    );
  }
  let leastCosine = 1;
  let mostDifference = 0;
  for (let start = 0; start < reference.length; start += dimensions) {
    let product = 0;
    let ours = 0;
    let theirs = 0;
    let largest = 0;
    let difference = 0;
    for (let i = start; i < start + dimensions; i++) {
      product += reference[i] * found[i];
      ours += reference[i] ** 2;
      theirs += found[i] ** 2;
      largest = Math.max(largest, Math.abs(reference[i]));
      difference = Math.max(difference, Math.abs(reference[i] - found[i]));
    }
    // NaN must not pass for agreement.
    const cosine = product / Math.sqrt(ours * theirs);
    leastCosine = Number.isNaN(cosine) ? NaN : Math.min(leastCosine, cosine);
    mostDifference = Number.isNaN(difference) ? NaN : Math.max(mostDifference, difference / largest);
  }
  return { leastCosine, mostDifference };
}
