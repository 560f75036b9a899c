// Futures, weight types, cold starts, and what the cores can do: sections like those of sections.mjs.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alternate, say } from './alternate.mjs';
import { embed, embedders, llamaProgram, missing, peerFolder, runJson } from './contenders.mjs';
import { workload } from './workloads.mjs';

const local = (path) => fileURLToPath(new URL(path, import.meta.url));
const best = (values) => Math.min(...values);
const history = 3968;
const events = 128;

const ours = (model, samples) =>
  runJson(process.execPath, [local('../cases/generate.mjs'), model, history, samples, events]).tokensPerSecond;

function llamaFutures(models, samples, threads) {
  const args = [
    '-m',
    models.f32,
    '-c',
    16384,
    '-b',
    4096,
    '-npp',
    history,
    '-ntg',
    64,
    '-npl',
    samples,
    '-pps',
    '-kvu',
  ];
  const output = execFileSync(llamaProgram('llama-batched-bench'), [...args, '-t', threads, '-fa', 'on'].map(String), {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const row = output.split('\n').findLast((line) => /^\|\s+\d/.test(line));
  return Number(row.split('|')[8]);
}

/** Simulated futures after a long history, whose time is taken out. */
export function futuresSection({ models, threads, rounds, full, usable }) {
  const python = join(peerFolder('torch'), 'bin', 'python');
  const contenders = { clmbr: (samples) => ours(models.f32, samples) };
  if (existsSync(llamaProgram('llama-batched-bench')))
    contenders['llama.cpp, shared prompt'] = (samples) => llamaFutures(models, samples, threads);
  if (full && existsSync(python))
    contenders['transformers, cached'] = (samples) =>
      runJson(python, [local('../peers/torch/generate.py'), models.checkpoint, history, samples, 9]).tokensPerSecond;
  const names = Object.keys(contenders).filter(usable);
  const measured = alternate(names, rounds, (name, round) => {
    // One round of transformers takes minutes: it computes the history once for each future.
    if (name.startsWith('transformers') && round > 0) return undefined;
    return { '20 futures': contenders[name](20), '1 future': contenders[name](1) };
  });
  return {
    title: `Futures of ${events} events after ${history}, events per second`,
    unit: 'events per second',
    note: `The time of the history is taken out; llama.cpp shares it too and makes 64 events a future${full ? '; transformers once' : ''}.`,
    ...measured,
  };
}

/** The same model with smaller weights. */
export function typesSection({ models, threads, rounds, usable }) {
  const contenders = embedders(models);
  const names = ['clmbr', 'clmbr, BF16 weights', 'clmbr, Q8_0 weights'].filter(usable);
  const files = { clmbr: models.f32, 'clmbr, BF16 weights': models.bf16, 'clmbr, Q8_0 weights': models.q8_0 };
  const work = [64, 512, 2048].map((length) => workload(`one-${length}`, [length]));
  const measured = alternate(names, rounds, (name) => {
    const { runs, peakMiB } = embed(
      contenders[name],
      work.map(({ file }) => file),
      { threads },
    );
    const speeds = work.map(({ tokens }, i) => [`embed ${tokens}, tokens/s`, tokens / best(runs[i].seconds)]);
    return {
      ...Object.fromEntries(speeds),
      '20 futures, events/s': ours(files[name], 20),
      '1 future, events/s': ours(files[name], 1),
      'peak memory, MiB': peakMiB,
    };
  });
  return {
    title: 'Weight types',
    unit: '',
    peerOverOurs: true,
    note: 'Embedding, and futures after 3,968 events. The peak is that of the process which embeds.',
    ...measured,
  };
}

/** From nothing to the first vector of a patient with 512 tokens, the model file being in the system's cache. */
export function coldSection({ models, threads, rounds, usable }) {
  const contenders = embedders(models);
  const { file } = workload('one-512', [512]);
  const longest = workload('one-4096', [4096]).file;
  const names = Object.keys(contenders).filter(
    (name) =>
      missing(contenders[name]) === undefined &&
      usable(name) &&
      !/hf_ehr|int8 compute|weights|micro-batch|no flash/.test(name),
  );
  const measured = alternate(names, rounds, (name) => {
    const from = performance.now();
    const first = embed(contenders[name], [file], { threads, repeats: 1, cold: true });
    const process = (performance.now() - from) / 1000;
    const seconds = first.loadSeconds + first.runs[0].seconds[0];
    const { peakMiB } = embed(contenders[name], [longest], { threads, repeats: 1, cold: true });
    return {
      'load and first vector, s': seconds,
      'whole process, s': process,
      'peak memory, MiB': first.peakMiB,
      'peak memory with 4,096 tokens, MiB': peakMiB,
    };
  });
  return {
    title: 'Cold start and memory',
    unit: '',
    peerOverOurs: true,
    note: 'A fresh process up to the vector of a patient with 512 tokens; the model file is in the cache of the system. Lower is better.',
    ...measured,
  };
}

const shapes = [
  [768, 768],
  [256, 768],
  [2688, 768],
  [768, 2688],
];

/** Speed over the products of one layer, each as often as the layer has it: total work over total time. */
function layerSpeed(results, rows) {
  const times = { '768x768': 2, '256x768': 2, '2688x768': 2, '768x2688': 1 };
  let work = 0;
  let time = 0;
  for (const { outputs, inputs, gflops } of results.filter((result) => result.rows === rows)) {
    const operations = times[`${outputs}x${inputs}`] * outputs * inputs;
    work += operations;
    time += operations / gflops;
  }
  return work / time;
}

/** The matrix products of a layer against OpenBLAS, and against what the cores can do. */
export function kernelsSection({ threads, rounds, usable }) {
  const python = join(peerFolder('openblas'), 'bin', 'python');
  const program = execFileSync(process.execPath, [local('../../scripts/bench-native.mjs')], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .at(-1);
  const rowsOf = [64, 512];
  const list = shapes.map((shape) => shape.join('x')).join(',');
  const native = (kernels) => [threads, rowsOf.join(','), list, kernels];
  const { peaks } = runJson(program, native('scalar').with(1, '1'));
  const sets = Object.keys(peaks);
  const forced = { avx2: 'Haswell', avx512: 'SkylakeX' };
  const contenders = Object.fromEntries(
    sets.toReversed().map((set) => [`clmbr, ${set}`, () => runJson(program, native(set))]),
  );
  if (existsSync(python)) {
    const sgemm = (environment) =>
      runJson(python, [local('../peers/openblas/sgemm.py'), rowsOf.join(','), list, threads], environment);
    for (const set of sets.toReversed())
      contenders[`OpenBLAS, ${forced[set] ?? 'its choice'}`] = () =>
        sgemm(forced[set] === undefined ? {} : { OPENBLAS_CORETYPE: forced[set] });
  }
  const extra = { peaks: Object.fromEntries(sets.map((set) => [set, []])), readGigabytes: [] };
  const measured = alternate(Object.keys(contenders).filter(usable), rounds, (name) => {
    const found = contenders[name]();
    for (const set of sets) if (found.peaks !== undefined) extra.peaks[set].push(found.peaks[set]);
    if (found.readGigabytes !== undefined) extra.readGigabytes.push(found.readGigabytes);
    return Object.fromEntries(rowsOf.map((rows) => [`${rows} rows`, layerSpeed(found.results, rows)]));
  });
  say(`  peaks ${JSON.stringify(extra.peaks)}, read ${extra.readGigabytes}`);
  const baselines = sets.map((set) => [`OpenBLAS, ${forced[set] ?? 'its choice'}`, `clmbr, ${set}`]);
  return {
    title: `Matrix products of one layer on ${threads === 1 ? 'one thread' : `${threads} threads`}, GFLOP/s`,
    baselines: Object.fromEntries(baselines),
    unit: 'GFLOP/s',
    note:
      `F32: q, k, v, o, gate, up and down, their work over their time; each product the best of 0.4 s. ` +
      'OpenBLAS is told which instruction set to use.',
    ...measured,
    extra,
  };
}
