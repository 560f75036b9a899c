// npm run soak [-- --minutes N] [--callers N] [--model x.gguf]: calls of every kind on one model from 50 callers at a time, for half an hour. It
// fails where a result differs from its first, memory grows, calls get slower, something is left open, or the process does not end.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { inRoot } from './lib/paths.mjs';
import { StepError, main, say } from './lib/report.mjs';
import { Soak } from './lib/soak/soak.mjs';
import { judge } from './lib/soak/judge.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    callers: { type: 'string', default: '50' },
    threads: { type: 'string', default: '2' },
    model: { type: 'string', default: inRoot('examples', 'demo', 'demo.gguf') },
  },
});

function positive(name) {
  const number = Number(values[name]);
  if (!(number > 0 && Number.isFinite(number))) throw new StepError(`--${name}: expected a number above 0.`);
  return number;
}

await main(async () => {
  if (!existsSync(inRoot('dist', 'index.js'))) throw new StepError('dist/ is missing: run `npm run build` first.');
  const clmbr = await import('../dist/index.js');
  const before = process.getActiveResourcesInfo().length;
  const model = await clmbr.loadModel(values.model, { threads: positive('threads') });
  const soak = new Soak(model, { minutes: positive('minutes'), callers: positive('callers'), say });
  const measured = await soak.run();
  await model.dispose();
  // What was closed goes with the next turns of the event loop.
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 50));
  const left = process.getActiveResourcesInfo().filter((name) => !/TTY|Pipe|TickObject|Timeout|Immediate/.test(name));
  const { lines, problems } = judge({ ...measured, handlesLeft: Math.max(0, left.length - before), left });
  for (const line of lines) say(line);
  for (const problem of problems) say(`FAILED: ${problem}`);
  return problems.length === 0 ? 0 : 1;
});
