// Eight worker threads at once, each with a model of its own: they load and embed, end by themselves, are terminated in the middle, throw.
import assert from 'node:assert/strict';
import { copyFile, rm } from 'node:fs/promises';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { loadModel } from '../../../dist/index.js';
import { digest, endless, few, sleep } from './shared.mjs';

const count = 8;

async function inWorker({ path, way }) {
  const model = await loadModel(path, { threads: 2, maxBatchTokens: 500 });
  parentPort.postMessage(digest((await model.embed(few)).data));
  if (way === 'leave') return;
  if (way === 'dispose') return await model.dispose();
  const working = model.embed(endless);
  if (way === 'throw') {
    setTimeout(() => {
      throw new Error('thrown on purpose');
    }, 10);
  }
  await working;
}

/** The worker, what it computes, and how it ends. */
function start(path, way) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { path, way } });
  const ended = new Promise((resolve) => {
    let error;
    worker.on('error', (found) => (error = found));
    worker.on('exit', (code) => resolve({ code, error }));
  });
  // Not events.once(), which an error ends that comes before the message does.
  return { worker, computed: new Promise((resolve) => worker.once('message', resolve)), ended };
}

async function inMain(source) {
  const model = await loadModel(source);
  const expected = digest((await model.embed(few)).data);
  const paths = Array.from({ length: count }, (_, i) => `${source}.${i}`);
  await Promise.all(paths.map((path) => copyFile(source, path)));
  for (const way of ['leave', 'dispose', 'throw', 'terminate']) {
    const workers = paths.map((path) => start(path, way));
    for (const { computed } of workers) assert.equal(await computed, expected);
    if (way === 'terminate') {
      await sleep(30);
      await Promise.all(workers.map(({ worker }) => worker.terminate()));
    }
    for (const { ended } of workers) {
      const { code, error } = await ended;
      if (way === 'throw') assert.match(error?.message ?? '', /on purpose/);
      else assert.equal(error, undefined);
      if (way === 'leave' || way === 'dispose') assert.equal(code, 0);
    }
  }
  await Promise.all(paths.map((path) => rm(path)));
  assert.equal(digest((await model.embed(few)).data), expected);
  console.log('ok');
}

await (isMainThread ? inMain(process.argv[2]) : inWorker(workerData));
