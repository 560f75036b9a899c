// Leaves the process in one of several ways while a pass runs.
import { loadModel } from '../../../dist/index.js';
import { endless } from './shared.mjs';

const [path, way] = process.argv.slice(2);
const model = await loadModel(path, { maxBatchTokens: 1000 });
const leave = {
  exit: () => process.exit(7),
  code: () => {
    process.exitCode = 9;
    process.exit();
  },
  throw: () => {
    throw new Error('thrown on purpose');
  },
  reject: () => void Promise.reject(new Error('rejected on purpose')),
  wait: () => undefined,
};
let begun = false;
const onProgress = () => {
  if (begun) return;
  begun = true;
  console.log('ready');
  if (way === 'callback') process.exit(8);
  // Some milliseconds later the next pass is under way.
  setTimeout(leave[way], 30);
};
await model.embed(endless, { onProgress });
