// Vectors of token ids by node-llama-cpp's prebuilt binary (see bench/cases/embed.mjs for the arguments). Its package is looked for
// in the folder that `--modules` names.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const { values: options, positionals: files } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string' },
    modules: { type: 'string' },
    threads: { type: 'string' },
    repeats: { type: 'string', default: '2' },
    vectors: { type: 'string' },
    cold: { type: 'boolean', default: false },
  },
});
const resolved = createRequire(join(options.modules, 'package.json')).resolve('node-llama-cpp');
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(resolved).href);
const readSequences = (file) =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));

const workloads = files.map(readSequences);
const started = performance.now();
const llama = await getLlama({ gpu: false, build: 'never', logLevel: LlamaLogLevel.error, maxThreads: 0 });
const model = await llama.loadModel({ modelPath: options.model });
const context = await model.createEmbeddingContext({
  // The input must be shorter than the context; batches as long as it, as its documentation advises for embedding.
  contextSize: 4097,
  batchSize: 4097,
  threads: Number(options.threads),
});
const loadSeconds = (performance.now() - started) / 1000;
const embed = async (ids) => (await context.getEmbeddingFor(ids)).vector;
if (!options.cold) await embed(workloads[0][0].slice(0, 32));

const runs = [];
let vectors;
for (const [index, file] of files.entries()) {
  const seconds = [];
  const processorSeconds = [];
  for (let run = 0; run < Number(options.repeats); run++) {
    const used = process.cpuUsage();
    const from = performance.now();
    const rows = [];
    for (const ids of workloads[index]) rows.push(await embed(ids));
    seconds.push((performance.now() - from) / 1000);
    const { user, system } = process.cpuUsage(used);
    processorSeconds.push((user + system) / 1e6);
    vectors ??= Float32Array.from(rows.flat());
  }
  runs.push({ file, seconds, processorSeconds });
}
if (options.vectors !== undefined) writeFileSync(options.vectors, new Uint8Array(vectors.buffer));
process.stdout.write(`${JSON.stringify({ loadSeconds, runs, peakMiB: process.resourceUsage().maxRSS / 1024 })}\n`);
process.exit(0);
