// Logistic regression on standardised columns, with an L2 penalty: what a linear probe is.

/**
 * @param {Float32Array[]} rows
 * @param {boolean[]} labels
 * @param {{ penalty?: number, steps?: number }} [settings] penalty: weight of the squared coefficients, per row
 * @returns {(row: Float32Array) => number} log-odds of a new row
 */
export function fitLogisticRegression(rows, labels, { penalty = 0.1, steps = 300 } = {}) {
  const { mean, scale } = standardisation(rows);
  const dimensions = mean.length;
  const x = rows.map((row) => standardise(row, mean, scale));
  const weights = new Float64Array(dimensions);
  let intercept = 0;
  // Steps no longer than the curvature allows, with Nesterov's momentum: no line search is needed.
  const largest = Math.max(...x.map((row) => row.reduce((sum, value) => sum + value * value, 1)));
  const rate = 1 / (largest / 4 + penalty);
  let previous = new Float64Array(dimensions);
  let previousIntercept = 0;
  for (let step = 0; step < steps; step++) {
    const momentum = step / (step + 3);
    const ahead = weights.map((w, i) => w + momentum * (w - previous[i]));
    const aheadIntercept = intercept + momentum * (intercept - previousIntercept);
    const gradient = ahead.map((w) => penalty * w);
    let interceptGradient = 0;
    for (const [i, row] of x.entries()) {
      const error = (sigmoid(dot(ahead, row) + aheadIntercept) - Number(labels[i])) / x.length;
      for (let j = 0; j < dimensions; j++) gradient[j] += error * row[j];
      interceptGradient += error;
    }
    previous = weights.slice();
    previousIntercept = intercept;
    for (let j = 0; j < dimensions; j++) weights[j] = ahead[j] - rate * gradient[j];
    intercept = aheadIntercept - rate * interceptGradient;
  }
  return (row) => dot(weights, standardise(row, mean, scale)) + intercept;
}

const sigmoid = (value) => 1 / (1 + Math.exp(-value));

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function standardisation(rows) {
  const dimensions = rows[0].length;
  const mean = new Float64Array(dimensions);
  const scale = new Float64Array(dimensions);
  for (const row of rows) for (let j = 0; j < dimensions; j++) mean[j] += row[j] / rows.length;
  for (const row of rows) for (let j = 0; j < dimensions; j++) scale[j] += (row[j] - mean[j]) ** 2 / rows.length;
  return { mean, scale: scale.map((variance) => Math.sqrt(variance) || 1) };
}

const standardise = (row, mean, scale) => Float64Array.from(row, (value, j) => (value - mean[j]) / scale[j]);
