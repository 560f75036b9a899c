// Leaves work behind in many ways. Node ends a process at the first rejection that nobody handles.
import { loadModel } from '../../../dist/index.js';
import { endless, sleep } from './shared.mjs';

const [path] = process.argv.slice(2);
const quiet = () => undefined;
const failing = async function* (count) {
  for (let i = 0; i < count; i++) yield [7];
  throw new Error('source failed');
};

const model = await loadModel(path, { maxBatchTokens: 1000 });

// A stream that is asked once and then forgotten, with a failure waiting in the chunk ahead.
await model.embedStream(failing(300)).next();

// A stream that is left by an error of its consumer.
try {
  for await (const chunk of model.embedStream(failing(300))) throw new Error(`consumer failed at ${chunk.rows.length}`);
} catch {
  // expected
}

// Calls that end while others share their passes.
for (const delay of [0, 1, 30]) {
  const controller = new AbortController();
  const calls = [
    model.embed(endless.slice(0, 40), { signal: controller.signal }),
    model.evaluate(endless.slice(0, 40), { signal: controller.signal }),
    model.embed([[7]]),
  ];
  setTimeout(() => controller.abort(), delay);
  await Promise.allSettled(calls);
}

// Loads that end early.
const controller = new AbortController();
const loading = loadModel(path, { signal: controller.signal });
setImmediate(() => controller.abort());
await loading.then((loaded) => loaded.dispose(), quiet);

// Disposal in the middle of everything.
const calls = [model.embed(endless.slice(0, 100)), model.embedStream(endless).next(), model.evaluate(endless)];
await sleep(20);
const disposed = model.dispose();
await Promise.allSettled(calls);
await disposed;
await model.embed([[7]]).catch(quiet);
await sleep(50);
console.log('still here');
