// Leaves the process while it loads, embeds, streams, evaluates and generates with several models.
import { loadModel } from '../../../dist/index.js';
import { endless, few, sleep } from './shared.mjs';

const [path, other] = process.argv.slice(2);
const models = [await loadModel(path, { maxBatchTokens: 1000 }), await loadModel(other)];
const quiet = () => undefined;
for (const model of models) {
  model.embed(endless).catch(quiet);
  model.embedStream(endless).next().catch(quiet);
  model.evaluate(endless).catch(quiet);
  model.generate(few[2], { samples: 64, maxEvents: 900, seed: 1 }).next().catch(quiet);
}
await sleep(60);
loadModel(path).catch(quiet);
loadModel(other).catch(quiet);
setImmediate(() => {
  console.log('ready');
  process.exit(5);
});
