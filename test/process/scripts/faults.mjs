// Lets every allocation, buffer, thread and read of our own code fail, one by one, while Node loads a model, embeds, evaluates and generates.
// Runs on the addon with faults (CLMBR_PREBUILD points to it).
import assert from 'node:assert/strict';
import { copyFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { loadModel } from '../../../dist/index.js';
import { digest, sleep, timeline } from './shared.mjs';

const path = process.argv[2];
// Weights that nobody else holds, so that every load reads them.
const copy = `${path}.copy`;
const require = createRequire(import.meta.url);
const { faults } = require(fileURLToPath(new URL('build/Release/clmbr.node', `file://${process.env.CLMBR_PREBUILD}/`)));
const patients = [1, 2, 33, 100].map((length) => timeline(length, length));
const expectedCode = {
  heap: 'OUT_OF_MEMORY',
  buffer: 'OUT_OF_MEMORY',
  thread: 'OUT_OF_MEMORY',
  read: 'FILE_UNREADABLE',
};

const works = {
  load: async () => {
    const model = await loadModel(copy, { threads: 2 });
    await model.dispose();
  },
  embed: async (model) => digest((await model.embed(patients)).data),
  evaluate: async (model) => (await model.evaluate(patients)).perplexity,
  generate: async (model) => {
    const futures = [];
    for await (const { sample, events } of model.generate(patients[2], { samples: 2, maxEvents: 3, seed: 1 }))
      futures.push([sample, ...events.map(({ id }) => id)].join(' '));
    return futures.sort().join('; ');
  },
};

async function held() {
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc();
    await sleep(5);
  }
  return faults.held();
}

/** How many attempts of this kind the work makes; each of them failed once. */
async function failEach(name, kind, model, expected) {
  const before = await held();
  for (let index = 0; ; index++) {
    let error;
    faults.arm(kind, index);
    try {
      await works[name](model);
    } catch (caught) {
      error = caught;
    }
    const happened = faults.disarm();
    if (!happened) {
      assert.equal(error, undefined, `${name}, ${kind} ${index}: ${error}`);
      const after = await held();
      assert.equal(after.bufferBytes, before.bufferBytes, `${name}, ${kind}: buffers`);
      // Node may keep a handful of callbacks; a leak of every failure would be hundreds.
      const grown = after.heapBlocks - before.heapBlocks;
      return { faults: index, grown };
    }
    // What fails while an error is made, or an object is forgotten, need not be noticed.
    if (error !== undefined) {
      assert.equal(error.name, 'ClmbrError', `${name}, ${kind} ${index}: ${error.stack}`);
      assert.equal(error.code, expectedCode[kind], `${name}, ${kind} ${index}: ${error.stack}`);
    }
    assert.equal(await works[name](model), expected, `${name}, after ${kind} ${index}`);
  }
}

const results = {};
await copyFile(path, copy);
const model = await loadModel(path, { threads: 2 });
for (const name of Object.keys(works)) {
  const expected = await works[name](model);
  for (const kind of ['buffer', 'thread', 'read', 'heap'])
    results[`${name} ${kind}`] = await failEach(name, kind, model, expected);
}
await model.dispose();
await rm(copy);
console.log(JSON.stringify(results));
console.log('ok');
