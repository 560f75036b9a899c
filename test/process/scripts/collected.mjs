// Models that are garbage before their work is done, and models that nobody disposes of: results are right, memory comes back.
import assert from 'node:assert/strict';
import { copyFile, rm } from 'node:fs/promises';
import { loadModel } from '../../../dist/index.js';
import { collect, digest, few, sleep } from './shared.mjs';

const [path] = process.argv.slice(2);
assert.ok(collect, 'needs a garbage collector that can be called');
const reference = await loadModel(path);
const expected = digest((await reference.embed(few)).data);

let gone = 0;
const registry = new FinalizationRegistry(() => gone++);
const rounds = 20;
for (let i = 0; i < rounds; i++) {
  const copy = `${path}.collected-${i}`;
  await copyFile(path, copy);
  const working = (async () => {
    const model = await loadModel(copy);
    registry.register(model, i);
    return model.embed(few);
  })();
  for (let turn = 0; turn < 5; turn++) {
    collect();
    await sleep(2);
  }
  assert.equal(digest((await working).data), expected);
  await rm(copy);
}
for (let turn = 0; turn < 50 && gone < rounds / 2; turn++) {
  collect();
  await sleep(20);
}
assert.ok(gone >= rounds / 2, `${gone} of ${rounds} models were collected`);
console.log('ok');
