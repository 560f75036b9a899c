// Leaves the process while weights are loaded.
import { loadModel } from '../../../dist/index.js';

const loading = loadModel(process.argv[2]);
setImmediate(() => {
  console.log('ready');
  process.exit(6);
});
await loading;
