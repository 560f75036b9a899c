// Simulated futures beside llama.cpp and transformers: node bench/generate.mjs --model F32.gguf [--llama-batched-bench PROGRAM]
//   [--python PROGRAM --checkpoint FOLDER] [--rounds 3]
//
// 20 futures and 1 future after 3,968 events, the time of the history taken out, contenders taking turns in fresh processes.
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fullModel } from './lib/full-model.mjs';
import { machine, versions } from './lib/machine.mjs';
import { summary } from './lib/statistics.mjs';

const local = (path) => fileURLToPath(new URL(path, import.meta.url));
const history = 3968;
const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    'llama-batched-bench': { type: 'string' },
    python: { type: 'string' },
    checkpoint: { type: 'string' },
    rounds: { type: 'string', default: '3' },
  },
});
const model = options.model ?? (await fullModel(local('../.cache/bench')));
const run = (program, args) => execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });

const contenders = {
  clmbr: (samples) =>
    JSON.parse(run(process.execPath, [local('cases/generate.mjs'), model, history, samples, 128].map(String)))
      .tokensPerSecond,
};
if (options['llama-batched-bench'] !== undefined) {
  contenders['llama.cpp, shared prompt'] = (samples) => {
    const args = ['-m', model, '-c', 16384, '-b', 4096, '-npp', history, '-ntg', 64, '-npl', samples, '-pps', '-kvu'];
    const output = run(
      options['llama-batched-bench'],
      [...args, '-t', availableParallelism(), '-fa', 'on'].map(String),
    );
    const row = output.split('\n').findLast((line) => /^\|\s+\d/.test(line));
    return Number(row.split('|')[8]);
  };
}
if (options.python !== undefined) {
  const script = local('peers/transformers/generate.py');
  contenders['transformers, cached'] = (samples) =>
    JSON.parse(run(options.python, [script, options.checkpoint, history, samples, 9].map(String))).tokensPerSecond;
}

const report = { machine: machine(), versions: versions() };
for (const samples of [20, 1]) {
  const measured = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const [name, measure] of Object.entries(contenders)) {
      // One round of transformers takes minutes: it computes the history once for each future.
      if (name.startsWith('transformers') && round > 0) continue;
      measured[name].push(measure(samples));
    }
  }
  report[`${samples} futures`] = Object.fromEntries(
    Object.entries(measured).map(([name, speeds]) => [name, summary(speeds)]),
  );
}
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
