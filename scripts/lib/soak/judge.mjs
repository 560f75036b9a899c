/** MiB an hour that count as none in a long run, and MiB in all in a short one, whose slope says little. */
const slopeLimit = 16;
const growthLimit = 16;
const longRun = 1_200_000;
/** How many times slower the last quarter may be: other work on the machine moves it too. */
const slowerLimit = 2;

const mebibyte = 2 ** 20;

/** The slope of a straight line through points by least squares. */
export function slopeOf(points) {
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  const [x, y] = [mean(points.map(([one]) => one)), mean(points.map(([, one]) => one))];
  const above = points.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0);
  const below = points.reduce((sum, [a]) => sum + (a - x) ** 2, 0);
  return below === 0 ? 0 : above / below;
}

export function percentile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

/** What was measured, in lines, and what of it must not be. */
export function judge({ length, warmUp, samples, latencies, counts, wrong, distinct, handlesLeft, left }) {
  const problems = [...new Set(wrong)].slice(0, 10);
  const calls = Object.entries(counts).map(([kind, count]) => `${kind} ${count}`);
  const lines = [
    `${latencies.length} calls compared, ${distinct} distinct: ${calls.join(', ')}; ${wrong.length} wrong`,
  ];

  const points = samples.filter(({ at }) => at >= warmUp).map(({ at, rss }) => [at / 3_600_000, rss / mebibyte]);
  const slope = slopeOf(points);
  const sizes = points.map(([, rss]) => rss);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  lines.push(
    `memory after ${(warmUp / 1000).toFixed(0)} s: ${least.toFixed(1)} to ${most.toFixed(1)} MiB, slope ${slope.toFixed(1)} MiB/hour`,
  );
  // A short run says little of hours: there the growth within it counts.
  const growth = (slope * (length - warmUp)) / 3_600_000;
  if (length >= longRun ? slope > slopeLimit : growth > growthLimit)
    problems.push(`memory grows by ${slope.toFixed(1)} MiB an hour`);

  const quarter = (from, to) =>
    latencies.filter(({ at }) => at >= from * length && at < to * length).map(({ took }) => took);
  const [first, last] = [quarter(0, 0.25), quarter(0.75, 1)];
  for (const [name, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ]) {
    const [before, after] = [percentile(first, share), percentile(last, share)];
    lines.push(`latency ${name}: ${before.toFixed(1)} ms in the first quarter, ${after.toFixed(1)} ms in the last`);
    if (!(after <= slowerLimit * before))
      problems.push(`${name} went from ${before.toFixed(1)} to ${after.toFixed(1)} ms`);
  }
  lines.push(`left open: ${handlesLeft}`);
  if (handlesLeft > 0) problems.push(`left open: ${left.join(', ')}`);
  return { lines, problems };
}
