// Futures of one history of random token ids: node generate.mjs MODEL HISTORY SAMPLES EVENTS. Prints JSON; the history's time is taken out.
import { loadModel } from '../../dist/index.js';

const [path, ...numbers] = process.argv.slice(2);
const [history, samples, maxEvents] = numbers.map(Number);
const model = await loadModel(path);
const ids = Int32Array.from({ length: history }, (_, i) => 7 + ((i * 7919) % (model.info.vocabularySize - 7)));
let events = 0;
let first = 0;
const onEvent = () => {
  events++;
  if (events === samples) first = performance.now();
};
for await (const future of model.generate(ids, { samples, maxEvents, onEvent })) void future;
const tokensPerSecond = (1000 * (events - samples)) / (performance.now() - first);
await model.dispose();
process.stdout.write(JSON.stringify({ tokensPerSecond }));
