// Leaves the process while it loads, embeds, streams, evaluates, generates and estimates risks with several models.
import { loadModel } from '../../../dist/index.js';
import { endless, few } from './shared.mjs';

const [path, other] = process.argv.slice(2);
const models = [await loadModel(path, { maxBatchTokens: 1000 }), await loadModel(other, { maxBatchTokens: 1000 })];
const quiet = () => undefined;
/** Resolves when the work that is given a callback calls it first. */
const begun = (start) =>
  new Promise((resolve) => {
    start(resolve);
  });
const works = models.flatMap((model) => [
  begun((onProgress) => model.embed(endless, { onProgress }).catch(quiet)),
  begun((onProgress) => model.embedStream(endless, { onProgress }).next().catch(quiet)),
  begun((onProgress) => model.evaluate(endless, { onProgress }).catch(quiet)),
  begun((onEvent) => model.generate(few[2], { samples: 64, maxEvents: 900, seed: 1, onEvent }).next().catch(quiet)),
  begun((onProgress) => model.risk(few[2], { outcome: 9, horizon: 20, samples: 1e6, onProgress }).catch(quiet)),
]);
await Promise.all(works);
loadModel(path).catch(quiet);
loadModel(other).catch(quiet);
setImmediate(() => {
  console.log('ready');
  process.exit(5);
});
