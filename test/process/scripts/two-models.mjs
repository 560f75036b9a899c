// Two models at once, of different files, and one of them twice.
import { loadModel } from '../../../dist/index.js';
import { digest, few } from './shared.mjs';

const paths = [process.argv[2], process.argv[3], process.argv[2]];
const alone = [];
for (const path of paths) {
  const model = await loadModel(path);
  alone.push(digest((await model.embed(few)).data));
  await model.dispose();
}
const models = await Promise.all(paths.map((path) => loadModel(path)));
const together = await Promise.all(models.map((model) => model.embed(few)));
await Promise.all(models.map((model) => model.dispose()));
console.log(JSON.stringify({ alone, together: together.map(({ data }) => digest(data)) }));
