// Disposes in the middle of work, twice, at once, from `finally`, from a callback, and by `await using`.
import assert from 'node:assert/strict';
import { loadModel } from '../../../dist/index.js';
import { digest, endless, few, sleep } from './shared.mjs';

const [path] = process.argv.slice(2);
const expected = await (async () => {
  const model = await loadModel(path);
  try {
    return digest((await model.embed(few)).data);
  } finally {
    await model.dispose();
    await model.dispose();
  }
})();

const isDisposed = { name: 'ClmbrError', code: 'DISPOSED' };

// During work: every call ends with DISPOSED, all disposals resolve, later calls are refused.
const working = await loadModel(path, { maxBatchTokens: 1000 });
const calls = [
  working.embed(endless),
  working.evaluate(endless.slice(0, 300)),
  working.embed(endless),
  working.embedStream(endless).next(),
  working.generate(few[2], { samples: 64, maxEvents: 900, seed: 1 }).next(),
  working.risk(few[2], { outcome: 9, horizon: 500, samples: 1e6 }),
];
const settled = Promise.allSettled(calls);
await sleep(50);
await Promise.all([working.dispose(), working.dispose(), working.dispose()]);
for (const { reason } of await settled) assert.equal(reason?.code, 'DISPOSED');
await assert.rejects(working.embed(few), isDisposed);
await assert.rejects(working.evaluate(few), isDisposed);

// While nobody has begun yet.
const early = await loadModel(path);
const refused = assert.rejects(early.embed(few), isDisposed);
await early.dispose();
await refused;

// From a callback of the call itself, and from the loop over a stream.
const called = await loadModel(path, { maxBatchTokens: 1000 });
let disposal;
await assert.rejects(called.embed(endless, { onProgress: () => (disposal ??= called.dispose()) }), isDisposed);
await disposal;
const streamed = await loadModel(path, { maxBatchTokens: 1000 });
await assert.rejects(async () => {
  for await (const chunk of streamed.embedStream(endless)) if (chunk) await streamed.dispose();
}, isDisposed);

// One of two that share their weights.
const [one, two] = await Promise.all([loadModel(path), loadModel(path)]);
const lost = one.embed(endless).catch((error) => error.code);
const kept = two.embed(few);
await one.dispose();
assert.equal(await lost, 'DISPOSED');
assert.equal(digest((await kept).data), expected);
await two.dispose();
console.log('ok');
