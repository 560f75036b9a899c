// A cluster of three processes that load and embed; one is killed in the middle of its work.
import assert from 'node:assert/strict';
import cluster from 'node:cluster';
import { once } from 'node:events';
import { loadModel } from '../../../dist/index.js';
import { digest, endless, few } from './shared.mjs';

const [path] = process.argv.slice(2);
if (cluster.isPrimary) {
  const model = await loadModel(path);
  const workers = Array.from({ length: 3 }, () => cluster.fork());
  const exits = workers.map((worker) => once(worker, 'exit'));
  const results = workers.map(async (worker) => (await once(worker, 'message'))[0]);
  const expected = digest((await model.embed(few)).data);
  assert.deepEqual(await Promise.all(results), [expected, expected, expected]);
  workers[0].process.kill('SIGKILL');
  workers[1].disconnect();
  workers[2].process.kill('SIGTERM');
  const signals = (await Promise.all(exits)).map(([, signal]) => signal);
  assert.equal(signals[0], 'SIGKILL');
  assert.equal(signals[2], 'SIGTERM');
  assert.equal(digest((await model.embed(few)).data), expected);
  await model.dispose();
  console.log('ok');
} else {
  const model = await loadModel(path, { maxBatchTokens: 500 });
  process.send(digest((await model.embed(few)).data));
  process.on('disconnect', () => process.exit(0));
  await model.embed(endless);
}
