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
// What leaks grows in every tenth; garbage collectors and allocators take a few megabytes more once, at any time.
const growths = samples.slice(1).map((value, i) => value - samples[i]);
const median = growths.sort((a, b) => a - b)[Math.floor(growths.length / 2)];
const kilobytes = (1024 * median) / (times / 10);
console.log(`${kilobytes.toFixed(1)} KB a load; RSS in MB: ${samples.map((value) => value.toFixed(0)).join(' ')}`);
// A sanitizer keeps freed memory for a while to see who uses it.
if (process.env.CLMBR_TEST_SANITIZER === undefined) {
  assert.ok(kilobytes < 15, `RSS grew by ${kilobytes} KB a load`);
  assert.ok(samples.at(-1) - samples[0] < 100, `RSS grew by ${samples.at(-1) - samples[0]} MB`);
}
console.log('ok');
