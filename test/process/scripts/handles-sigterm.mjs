// A server's way to end: on SIGTERM it aborts what runs, disposes, and ends by itself.
import { loadModel } from '../../../dist/index.js';
import { endless } from './shared.mjs';

const model = await loadModel(process.argv[2], { maxBatchTokens: 1000 });
const controller = new AbortController();
process.once('SIGTERM', async () => {
  controller.abort();
  await model.dispose();
  console.log('ok');
});
let begun = false;
const onProgress = () => {
  if (begun) return;
  begun = true;
  console.log('ready');
};
await model.embed(endless, { signal: controller.signal, onProgress }).catch(() => undefined);
