/** How far vectors may be from the reference's, as a part of the row's largest value, where they are not the same bits. */
export const tolerance = 5e-5;

/**
 * Largest difference of two sets of rows, each relative to the largest value of its row.
 * @param {Float32Array} a
 * @param {Float32Array} b
 * @param {number} rows
 */
export function largestDifference(a, b, rows) {
  if (a.length !== b.length || a.length === 0) return Infinity;
  const width = a.length / rows;
  let worst = 0;
  for (let row = 0; row < rows; row++) {
    let difference = 0;
    let largest = 0;
    for (let i = row * width; i < (row + 1) * width; i++) {
      // Not Math.max alone: a NaN must count as infinitely far.
      const gap = Math.abs(a[i] - b[i]);
      difference = Number.isNaN(gap) ? Infinity : Math.max(difference, gap);
      largest = Math.max(largest, Math.abs(b[i]));
    }
    worst = Math.max(worst, difference === 0 ? 0 : difference / largest);
  }
  return worst;
}

const floats = (base64) => {
  const bytes = Buffer.from(base64, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
};

/**
 * Compares the results of two runs of check.mjs.
 * @returns {{problems: string[], identical: boolean, difference: number}}
 */
export function compareResults(result, reference) {
  const problems = [];
  const difference = largestDifference(floats(result.embeddings), floats(reference.embeddings), reference.rows);
  const same = (name) => JSON.stringify(result[name]) === JSON.stringify(reference[name]);
  const identical = result.sha256 === reference.sha256 && same('next') && same('futures');
  if (!(difference <= tolerance))
    problems.push(`vectors differ by ${difference.toExponential(1)} of the row's largest value`);
  const ids = (next) => JSON.stringify(next.map((list) => list.map(([id]) => id)));
  if (ids(result.next) !== ids(reference.next)) problems.push('other next events are the most probable');
  const probabilities = (next) => next.flat().map(([, probability]) => probability);
  const expected = probabilities(reference.next);
  if (!probabilities(result.next).every((value, i) => Math.abs(value - expected[i]) <= tolerance))
    problems.push('probabilities of the next events differ');
  if (!same('futures')) problems.push('the same seed gave other futures');
  if (!result.repeated) problems.push('the same patient gave another vector in another batch');
  return { problems, identical, difference };
}
