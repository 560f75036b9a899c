// One sequence of random token ids: node embed-one.mjs MODEL LENGTH THREADS. Prints JSON; the better of two timed runs after a short one.
import { loadModel } from '../../dist/index.js';

const [path, length, threads] = process.argv.slice(2);
const started = performance.now();
const model = await loadModel(path, { threads: Number(threads) });
const loadMilliseconds = performance.now() - started;
const { vocabularySize } = model.info;
const ids = Int32Array.from({ length: Number(length) }, (_, i) => 7 + ((i * 7919) % (vocabularySize - 7)));

await model.embed([ids.subarray(0, 32)]);
let best = Infinity;
for (let run = 0; run < 2; run++) {
  const from = performance.now();
  await model.embed([ids]);
  best = Math.min(best, performance.now() - from);
}
const rssMiB = process.resourceUsage().maxRSS / 1024;
await model.dispose();
process.stdout.write(
  JSON.stringify({
    tokensPerSecond: (1000 * ids.length) / best,
    loadMilliseconds,
    rssMiB,
    kernels: model.info.kernels,
  }),
);
