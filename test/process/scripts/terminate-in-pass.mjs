// How long the end of a worker thread takes in the middle of one pass of several seconds.
import { once } from 'node:events';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { loadModel } from '../../../dist/index.js';
import { endless, sleep } from './shared.mjs';

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: process.argv[2] });
  await once(worker, 'message');
  await sleep(500);
  const before = performance.now();
  await worker.terminate();
  console.log(JSON.stringify({ terminated: performance.now() - before }));
} else {
  const model = await loadModel(workerData, { threads: 1, maxBatchTokens: 1 << 20 });
  const working = model.embed(endless.slice(0, 300));
  parentPort.postMessage('working');
  await working;
}
