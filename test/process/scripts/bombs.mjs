// Opens what a few kilobytes of files stand for, in a heap that does not hold it, and says what became of each.
import { openMeds, readLabels } from '../../../dist/index.js';

for (const [kind, path] of process.argv.slice(2).map((argument) => argument.split('=')))
  await (kind === 'labels' ? readLabels(path) : openMeds(path)).then(
    () => console.log('read'),
    (error) => console.log(error.code, error.message),
  );
