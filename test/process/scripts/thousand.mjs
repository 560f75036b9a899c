// A thousand loads and disposals: memory stays where it was.
import assert from 'node:assert/strict';
import { copyFile, rm, utimes } from 'node:fs/promises';
import { loadModel } from '../../../dist/index.js';
import { collect, digest, few, sleep } from './shared.mjs';

const times = Number(process.argv[3] ?? 1000);
const path = `${process.argv[2]}.thousand`;
await copyFile(process.argv[2], path);
async function megabytes() {
  collect();
  await sleep(50);
  collect();
  return process.memoryUsage().rss / 2 ** 20;
}
let expected;
const samples = [];
try {
  for (let i = 0; i < times; i++) {
    // Another time of change makes it another file: weights that leaked would not be found and shared.
    await utimes(path, new Date(), new Date(1.7e12 + 1000 * i));
    const model = await loadModel(path, { threads: 2 });
    const found = digest((await model.embed(few.slice(0, 3))).data);
    expected ??= found;
    assert.equal(found, expected);
    await model.dispose();
    if ((i + 1) % (times / 10) === 0) samples.push(await megabytes());
  }
} finally {
  await rm(path);
}
// The first tenths settle.
const early = Math.min(...samples.slice(1, 4));
const growth = Math.min(...samples.slice(-3)) - early;
const kilobytes = (1024 * growth) / (0.6 * times);
console.log(`${kilobytes.toFixed(1)} KB a load; RSS in MB: ${samples.map((value) => value.toFixed(0)).join(' ')}`);
assert.ok(growth < 12, `RSS grew by ${growth} MB`);
console.log('ok');
