// Aborts before, during and after loading, embedding, streaming, evaluating and generating.
import assert from 'node:assert/strict';
import { loadModel } from '../../../dist/index.js';
import { digest, endless, few, sleep } from './shared.mjs';

const [path] = process.argv.slice(2);
const model = await loadModel(path, { maxBatchTokens: 1000 });
const expected = digest((await model.embed(few)).data);
const reason = new Error('a reason of our own');
const drain = async (stream) => {
  for await (const chunk of stream) void chunk;
};
const works = {
  embed: (signal) => model.embed(endless, { signal }),
  embedStream: (signal) => drain(model.embedStream(endless, { signal })),
  evaluate: (signal) => model.evaluate(endless, { signal }),
  generate: (signal) => drain(model.generate(few[2], { samples: 64, maxEvents: 900, seed: 1, signal })),
  load: async (signal) => {
    const loaded = await loadModel(path, { signal });
    await loaded.dispose();
  },
};

for (const [name, work] of Object.entries(works)) {
  await assert.rejects(work(AbortSignal.abort(reason)), reason, `${name}, before`);
  for (const delay of [0, 1, 5, 25, 100]) {
    const controller = new AbortController();
    const ended = work(controller.signal).then(
      () => undefined,
      (error) => error,
    );
    if (delay > 0) await sleep(delay);
    controller.abort(reason);
    const error = await ended;
    // A load may have been faster.
    if (name !== 'load' || error !== undefined) assert.equal(error, reason, `${name}, after ${delay} ms`);
  }
}

const after = new AbortController();
const { data } = await model.embed(few, { signal: after.signal });
after.abort(reason);
await sleep(20);
assert.equal(digest(data), expected);
assert.equal(digest((await model.embed(few)).data), expected);

// Many at once that share passes with one that stays.
const controllers = Array.from({ length: 20 }, () => new AbortController());
const ends = controllers.map(({ signal }) => model.embed(endless.slice(0, 50), { signal }).catch((error) => error));
const stays = model.embed(few);
for (const controller of controllers) {
  await sleep(2);
  controller.abort(reason);
}
for (const end of ends) assert.equal(await end, reason);
assert.equal(digest((await stays).data), expected);
await model.dispose();
console.log('ok');
