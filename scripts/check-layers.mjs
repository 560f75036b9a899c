// Imports go downwards only, and files stay short: see scripts/lib/layer-rules.mjs.
import { checkLayers } from './lib/layers.mjs';
import { root } from './lib/paths.mjs';
import { main, say } from './lib/report.mjs';
import { listFiles } from './lib/stamps.mjs';

await main(() => {
  const { problems, checked } = checkLayers(root, listFiles(['lib', 'native', 'bench', 'examples', 'scripts', 'test']));
  for (const problem of problems) say(problem);
  say(problems.length === 0 ? `Layers: ${checked} files, no problem` : `Layers: ${problems.length} problems`);
  return problems.length === 0 ? 0 : 1;
});
