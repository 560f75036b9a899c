import { parentPort, workerData } from 'node:worker_threads';
import { loadModel } from '../../../dist/index.js';
import { digest, endless, few } from './shared.mjs';

const model = await loadModel(workerData.path, { threads: 2, maxBatchTokens: 500 });
if (workerData.forever) {
  await model.embed(endless, { onProgress: () => parentPort.postMessage('working') });
} else {
  parentPort.postMessage(digest((await model.embed(few)).data));
}
