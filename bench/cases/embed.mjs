// Vectors of token ids by this package: node embed.mjs --model M.gguf [options] FILE...
//
// What every peer's program does too: each FILE holds one sequence of ids a line; all of them are embedded (last token) `--repeats`
// times, after a short sequence unless `--cold`. Prints one line of JSON; `--vectors` gets the rows of the first FILE.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { loadModel } from '../../dist/index.js';

const { values: options, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    threads: { type: 'string' },
    repeats: { type: 'string', default: '2' },
    vectors: { type: 'string' },
    cold: { type: 'boolean', default: false },
    logits: { type: 'boolean', default: false },
    compute: { type: 'string' },
  },
});
const readSequences = (file) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => Int32Array.from(line.split(' '), Number));

const workloads = files.map(readSequences);
const started = performance.now();
const compute = options.compute === undefined ? {} : { compute: options.compute };
const model = await loadModel(options.model, { threads: Number(options.threads), ...compute });
const loadSeconds = (performance.now() - started) / 1000;
const settings = options.logits ? { representation: 'logits' } : {};
if (!options.cold) await model.embed([workloads[0][0].subarray(0, 32)]);

const runs = [];
let vectors;
for (const [index, file] of files.entries()) {
  const seconds = [];
  const processorSeconds = [];
  for (let run = 0; run < Number(options.repeats); run++) {
    const used = process.cpuUsage();
    const from = performance.now();
    const result = await model.embed(workloads[index], settings);
    seconds.push((performance.now() - from) / 1000);
    const { user, system } = process.cpuUsage(used);
    processorSeconds.push((user + system) / 1e6);
    vectors ??= result.data;
  }
  runs.push({ file, seconds, processorSeconds });
}
if (options.vectors !== undefined) writeFileSync(options.vectors, new Uint8Array(vectors.buffer));
const peakMiB = process.resourceUsage().maxRSS / 1024;
process.stdout.write(`${JSON.stringify({ loadSeconds, runs, peakMiB, kernels: model.info.kernels })}\n`);
await model.dispose();
