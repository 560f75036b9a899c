// What is computed together is what is computed alone, and a model that nobody disposes of keeps no process alive.
import assert from 'node:assert/strict';
import { loadModel } from '../../../dist/index.js';
import { digest, few } from './shared.mjs';

const model = await loadModel(process.argv[2]);
const together = await model.embed(few);
for (const [i, ids] of few.entries()) assert.equal(digest((await model.embed([ids])).row(0)), digest(together.row(i)));
assert.equal(new Set(few.map((_, i) => digest(together.row(i)))).size, few.length);
console.log('ready');
