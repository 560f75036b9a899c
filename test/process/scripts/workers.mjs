// Worker threads that load and embed at once, that end by themselves, and that are terminated in the middle of their work.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { loadModel } from '../../../dist/index.js';
import { digest, few, sleep } from './shared.mjs';

const path = process.argv[2];
const start = (forever) => new Worker(new URL('worker.mjs', import.meta.url), { workerData: { path, forever } });

const workers = Array.from({ length: 4 }, () => start(false));
const ends = workers.map((worker) => once(worker, 'exit'));
const messages = workers.map((worker) => once(worker, 'message'));
const model = await loadModel(path);
const expected = digest((await model.embed(few)).data);
const results = (await Promise.all(messages)).map(([message]) => message);
const codes = (await Promise.all(ends)).flat();

const endless = Array.from({ length: 4 }, () => start(true));
await Promise.all(endless.map((worker) => once(worker, 'message')));
const before = performance.now();
await Promise.all(endless.map((worker) => worker.terminate()));
const terminated = performance.now() - before;

// At any moment: while the thread starts, loads the addon, loads weights, or works.
const early = Array.from({ length: 8 }, () => start(true));
for (const worker of early) {
  await sleep(12);
  await worker.terminate();
}

const again = digest((await model.embed(few)).data);
assert.deepEqual(
  [...results, again],
  Array.from({ length: 5 }, () => expected),
);
assert.deepEqual(codes, [0, 0, 0, 0]);
console.log(JSON.stringify({ terminated }));
console.log('ok');
