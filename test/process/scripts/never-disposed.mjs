// A model that nobody disposes of keeps no process alive.
import { loadModel } from '../../../dist/index.js';
import { digest, few } from './shared.mjs';

const model = await loadModel(process.argv[2]);
console.log(digest((await model.embed(few)).data));
console.log('ready');
