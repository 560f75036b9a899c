// A process that works forks another one that does the same.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { loadModel } from '../../../dist/index.js';
import { digest, few } from './shared.mjs';

const path = process.argv[2];
const model = await loadModel(path);
if (process.send !== undefined) {
  process.send(digest((await model.embed(few)).data));
  await model.dispose();
  process.disconnect();
} else {
  const running = model.embed(few);
  const child = fork(new URL(import.meta.url).pathname, [path]);
  const [[theirs], [code], mine] = await Promise.all([once(child, 'message'), once(child, 'exit'), running]);
  assert.equal(theirs, digest(mine.data));
  assert.equal(code, 0);
  console.log('ok');
}
