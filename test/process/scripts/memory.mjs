// Loads a hundred times, works, and gives the memory back: by dispose, and by forgetting the model.
import { copyFile, rm, utimes } from 'node:fs/promises';
import { loadModel } from '../../../dist/index.js';
import { few, sleep } from './shared.mjs';

const path = `${process.argv[2]}.copy`;
await copyFile(process.argv[2], path);

const megabytes = async () => {
  globalThis.gc();
  await sleep(20);
  globalThis.gc();
  return process.memoryUsage.rss() / 2 ** 20;
};
async function loadAndWork(i) {
  // Another time of change makes it another file: weights that leaked are not found and shared.
  await utimes(path, new Date(), new Date(1.7e12 + 1000 * i));
  const model = await loadModel(path);
  await model.embed(few.slice(0, 3));
  return model;
}

// Disposed models are kept, so that it is not the garbage collector that frees them.
const kept = [];
let settled;
for (let i = 0; i < 100; i++) {
  const model = await loadAndWork(i);
  await model.dispose();
  kept.push(model);
  if (i === 24) settled = await megabytes();
}
const disposed = await megabytes();
for (let i = 100; i < 130; i++) {
  await loadAndWork(i);
  await megabytes();
}
const forgotten = await megabytes();
await rm(path);
console.log(JSON.stringify({ settled, disposed, forgotten, kept: kept.length }));
