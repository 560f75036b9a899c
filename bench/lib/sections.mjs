// What is measured: each section is { title, note, unit, rows: { label: { contender: [figure of each round] } }, failures }.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alternate, say } from './alternate.mjs';
import { cache, embed, embedders, missing, runJson } from './contenders.mjs';
import { starrLengths } from './lengths.mjs';
import { agreement } from './statistics.mjs';
import { vocabulary, workload } from './workloads.mjs';

const local = (path) => fileURLToPath(new URL(path, import.meta.url));
const floats = (file) => new Float32Array(new Uint8Array(readFileSync(file)).buffer);
/** The shortest pass in seconds: of the clock on the wall, or of processor time on one thread. */
const shortest = (run, oneThread) => Math.min(...(oneThread ? run.processorSeconds : run.seconds));
/** How a section says so. */
const clock = (threads, oneThread) =>
  oneThread
    ? 'One thread, by processor time: waiting for a core does not count, so these ratios hold on a busy machine too.'
    : `${threads} threads.`;
const titled = (title, oneThread) => `${title}${oneThread ? ' of processor time' : ''}`;

const int8 = 'clmbr, int8 compute';
const everybody = (contenders) => Object.keys(contenders).filter((name) => missing(contenders[name]) === undefined);
const present = (contenders, names) => names.filter((name) => everybody(contenders).includes(name));

const lossy = /bfloat16|int8|Q8_0/;
/** Whoever claims to compute in F32 must agree (F16 keys and values of llama.cpp included), or is not measured. */
function mustAgree(name, found) {
  if (!(found.leastCosine >= (lossy.test(name) ? 0 : 0.9999)))
    throw new Error(`computes something else: cosine ${found.leastCosine}`);
  return found;
}

/** Rows of every contender against ours in F32, before anything is timed. */
export function agreementSection({ models, threads }) {
  const contenders = embedders(models);
  const check = workload('agreement', [1, 2, 17, 64, 300, 1024]);
  const vectors = (name) => join(cache, 'bench', `agreement-${name.replace(/\W+/g, '-')}.f32`);
  const produce = (name, contender) => {
    embed(contender, [check.file], { threads, repeats: 1, vectors: vectors(name) });
    return floats(vectors(name));
  };
  const ours = produce('clmbr', contenders.clmbr);
  let logits;
  const rows = {};
  const failures = {};
  for (const name of Object.keys(contenders)) {
    const absent = missing(contenders[name]);
    if (name === 'clmbr' || name === 'hf_ehr as published') continue;
    try {
      if (absent !== undefined) throw new Error(`not installed: bench/peers/setup.mjs`);
      const found = produce(name, contenders[name]);
      if (contenders[name].logits)
        logits ??= produce('logits', { ...contenders.clmbr, args: [...contenders.clmbr.args, '--logits'] });
      const reference = contenders[name].logits ? logits : ours;
      const dimensions = contenders[name].logits ? vocabulary : ours.length / check.lengths.length;
      rows[name] = mustAgree(name, agreement(reference, found, dimensions));
      say(`  ${name}: cosine ${rows[name].leastCosine}`);
    } catch (error) {
      failures[name] = error.message.slice(0, 200);
      say(`  ${name}: ${failures[name]}`);
    }
  }
  return { lengths: check.lengths, rows, failures };
}

/** One sequence at a time; one process measures all lengths in turn, or with `full` one each. */
export function singleSection({ models, threads, rounds, full, usable, oneThread }) {
  const contenders = embedders(models);
  const lengths = [...(full ? [17] : []), 64, 512, 2048, ...(full || !oneThread ? [4096] : [])];
  const names = present(contenders, [
    ...['clmbr', 'llama.cpp, logits of one row', 'node-llama-cpp', 'torch', 'torch, bfloat16'],
    ...['onnxruntime', 'onnxruntime, int8', int8],
    ...(full ? ['llama.cpp, embeddings', 'llama.cpp, one micro-batch', 'llama.cpp, no flash attention'] : []),
  ]).filter(usable);
  const files = lengths.map((length) => workload(`one-${length}`, [length]).file);
  const measured = alternate(names, rounds, (name) => {
    const runs = full
      ? files.map((file) => embed(contenders[name], [file], { threads }).runs[0])
      : embed(contenders[name], files, { threads, repeats: 1 }).runs;
    return Object.fromEntries(lengths.map((length, i) => [`${length}`, length / shortest(runs[i], oneThread)]));
  });
  return {
    title: titled('One sequence, tokens per second', oneThread),
    unit: 'tokens per second',
    note: `${clock(threads, oneThread)} F32 unless said otherwise; ${full ? 'the better of two passes in each fresh process' : 'one pass after a short one in each fresh process'}.`,
    ...measured,
  };
}

/** A cohort with the lengths of STARR's patients, each peer in the batches that suit it. */
export function cohortSection({ models, threads, rounds, full, usable, oneThread }) {
  const contenders = embedders(models);
  const patients = full ? 200 : 40;
  const cohort = workload(`starr-${patients}`, starrLengths(patients));
  const names = present(contenders, [
    ...['clmbr', 'torch', 'torch, bfloat16', 'onnxruntime', 'onnxruntime, int8', int8],
    ...(full ? ['llama.cpp, logits of one row'] : []),
  ]).filter(usable);
  const measured = alternate(names, rounds, (name) => {
    const { runs } = embed(contenders[name], [cohort.file], { threads, repeats: 1 });
    return { 'STARR-like': cohort.tokens / shortest(runs[0], oneThread) };
  });
  return {
    title: titled('STARR-like cohort, real tokens per second', oneThread),
    unit: 'tokens per second',
    note: `${patients} patients, ${cohort.tokens} tokens (mean ${Math.round(cohort.tokens / patients)}). ${clock(threads, oneThread)} One pass in each process.`,
    ...measured,
  };
}

/** hf_ehr as published takes as long for a patient of one token as for one of 4,096, so a few patients are enough. */
export function publishedSection({ models, threads, full, usable, oneThread }) {
  const contenders = embedders(models);
  const patients = full ? 200 : 40;
  const cohort = workload(`starr-${patients}`, starrLengths(patients));
  const few = workload('starr-few', cohort.lengths.slice(0, 2));
  const mean = cohort.tokens / patients;
  const names = present(contenders, ['clmbr', 'hf_ehr as published']).filter(usable);
  const vectors = ['ours', 'theirs'].map((whose) => join(cache, 'bench', `published-${whose}.f32`));
  embed(contenders.clmbr, [few.file], { threads, repeats: 1, vectors: vectors[0] });
  let found;
  const measured = alternate(names, full ? 3 : 1, (name) => {
    const published = name !== 'clmbr';
    const work = published ? few : cohort;
    const settings = published ? { cold: true, vectors: vectors[1] } : {};
    const { runs } = embed(contenders[name], [work.file], { threads, repeats: 1, ...settings });
    if (published) found = mustAgree(name, agreement(...vectors.map(floats), floats(vectors[0]).length / 2));
    const patientsPerSecond = work.lengths.length / shortest(runs[0], oneThread);
    return { 'STARR-like': mean * patientsPerSecond };
  });
  return {
    title: titled('STARR-like cohort against hf_ehr as published, real tokens per second', oneThread),
    unit: 'tokens per second',
    note:
      'hf_ehr pads every patient to 4,096 tokens and computes all logits, so its time per patient does not depend on the patient: ' +
      `2 patients in one batch (of 16 as published, which takes 20 GB), extrapolated to the cohort's mean of ${Math.round(mean)} tokens. Their vectors have a cosine of ${found?.leastCosine.toFixed(7)} with ours. ${clock(threads, oneThread)}`,
    ...measured,
  };
}

/** Label times of one patient shared, against one window each. */
export function labelsSection({ models, threads, full }) {
  const labels = full ? 60 : 24;
  const measured = alternate(['clmbr'], full ? 3 : 1, () => {
    const result = runJson(process.execPath, [local('../cases/label-times.mjs'), models.f32, labels, threads]);
    if (!result.same) throw new Error('Shared and separate label times gave different rows.');
    return { 'shared pass': labels / result.shared, 'one window each': labels / result.separate };
  });
  const rows = { 'EHRSHOT-like': {} };
  for (const [label, { clmbr }] of Object.entries(measured.rows))
    rows['EHRSHOT-like'][label === 'shared pass' ? 'clmbr' : label] = clmbr;
  return {
    title: 'EHRSHOT-like label times, rows per second',
    unit: 'rows per second',
    note: `One patient of 8,192 events with ${labels} labels spread evenly, so half the windows are full; the rows of both are the same bits.`,
    rows,
    failures: measured.failures,
  };
}
