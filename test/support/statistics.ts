/** How well counts fit probabilities: the p-value of Pearson's chi-square test. Cells that expect fewer than 5 are pooled. */
export function chiSquareP(counts: readonly number[], probabilities: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const cells: { count: number; expected: number }[] = [];
  const rare = { count: 0, expected: 0 };
  for (const [i, probability] of probabilities.entries()) {
    const expected = total * probability;
    if (expected >= 5) cells.push({ count: counts[i]!, expected });
    else {
      rare.count += counts[i]!;
      rare.expected += expected;
    }
  }
  if (rare.expected >= 5) cells.push(rare);
  else if (rare.count > 0 && rare.expected === 0) return 0;
  const statistic = cells.reduce((sum, { count, expected }) => sum + (count - expected) ** 2 / expected, 0);
  return upperGamma((cells.length - 1) / 2, statistic / 2);
}

/** The regularised upper incomplete gamma function, by its series or its continued fraction (Lentz). */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < 10_000 && term > sum * 1e-16; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - scale * sum;
  }
  let b = x + 1 - a;
  let c = Infinity;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < 10_000; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return scale * h;
}

/** Stirling's series after a shift upwards. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  while (z < 10) shift -= Math.log(z++);
  const series = 1 / (12 * z) - 1 / (360 * z ** 3) + 1 / (1260 * z ** 5) - 1 / (1680 * z ** 7);
  return shift + (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series;
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample: over one less than its length. */
export function variance(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1);
}

/** How many standard errors the mean of independent values lies from what is expected. */
export function zScore(values: readonly number[], expected: number): number {
  return (mean(values) - expected) / Math.sqrt(variance(values) / values.length);
}
