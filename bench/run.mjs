// npm run bench [-- --full] [--model F32.gguf] [--llama-bench PROGRAM] [--out FILE.json]
//
// Speed of this package beside llama.cpp, one fresh process for each measurement, contenders taking turns, so that what else the machine
// does falls on all of them alike. Figures of one run can be compared with each other, not with those of another.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { clmbr, llamaCpp } from './lib/contenders.mjs';
import { fullModel } from './lib/full-model.mjs';
import { machine, versions } from './lib/machine.mjs';
import { summary } from './lib/statistics.mjs';

const local = (path) => fileURLToPath(new URL(path, import.meta.url));
const say = (text) => process.stderr.write(`${text}\n`);

const { values: options } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    model: { type: 'string' },
    'llama-bench': { type: 'string' },
    out: { type: 'string', default: local('../.cache/bench/latest.json') },
  },
});
if (!existsSync(local('../dist/index.js'))) {
  say('Run `npm run build` first.');
  process.exit(1);
}

function contendersOf(model) {
  const program = options['llama-bench'] ?? local('../.cache/llama.cpp/build/bin/llama-bench');
  if (!existsSync(program)) {
    say('llama.cpp is not there: `node bench/peers/llama-cpp/build.mjs` builds it. Measuring without it.');
    return [clmbr(model)];
  }
  const peers = [{ flashAttention: true }, { flashAttention: false }];
  if (options.full) peers.push({ flashAttention: true, microBatch: 4096 });
  return [clmbr(model), ...peers.map((peer) => llamaCpp(program, model, peer))];
}

function embedOneSequence(model) {
  const contenders = contendersOf(model);
  const rounds = options.full ? 5 : 3;
  const results = [];
  for (const length of options.full ? [64, 512, 2048, 4096] : [512, 2048, 4096]) {
    const measured = new Map(contenders.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const contender of contenders) {
        const speed = contender.tokensPerSecond(length, availableParallelism());
        measured.get(contender.name).push(speed);
        say(`${length} tokens, round ${round + 1}: ${contender.name} ${speed.toFixed(0)} tokens/s`);
      }
    }
    results.push({
      length,
      contenders: Object.fromEntries([...measured].map(([name, speeds]) => [name, summary(speeds)])),
    });
  }
  return results;
}

function tokenizer() {
  const lines = execFileSync(process.execPath, [local('tokenizer.bench.mjs')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** A Markdown table of the medians, with the best peer's ratio. */
function table(results) {
  const names = Object.keys(results[0].contenders);
  const rows = results.map(({ length, contenders }) => {
    const speeds = names.map((name) => contenders[name].median);
    const peer = Math.max(...speeds.slice(1));
    return [
      length,
      ...speeds.map((speed) => speed.toFixed(0)),
      names.length > 1 ? `${(speeds[0] / peer).toFixed(2)}x` : '',
    ];
  });
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [
    line(['tokens', ...names, 'clmbr to the best other']),
    line(['---', ...names.map(() => '---'), '---']),
    ...rows.map(line),
  ].join('\n');
}

const model = options.model ?? (await fullModel(local('../.cache/bench')));
const report = {
  machine: machine(),
  versions: versions(),
  tokenizer: tokenizer(),
  embedOneSequence: embedOneSequence(model),
};
mkdirSync(dirname(options.out), { recursive: true });
writeFileSync(options.out, `${JSON.stringify(report, null, 2)}\n`);
for (const { name, value, unit } of report.tokenizer) process.stdout.write(`${name}: ${value} ${unit}\n`);
process.stdout.write(`\nOne sequence, F32, tokens per second (medians):\n\n${table(report.embedOneSequence)}\n`);
say(`\nWritten to ${options.out}`);
