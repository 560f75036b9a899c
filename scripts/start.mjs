// npm start: builds what is missing, then runs the demo; arguments go to it (npm start -- --help).
import { inRoot } from './lib/paths.mjs';
import { prepare } from './lib/prepare.mjs';
import { run } from './lib/process.mjs';
import { main } from './lib/report.mjs';

await main(async () => {
  await prepare();
  const { code } = await run(process.execPath, [inRoot('dist', 'cli', 'main.js'), 'demo', ...process.argv.slice(2)], {
    inherit: true,
  });
  return code;
});
