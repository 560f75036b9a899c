// Who is measured at embedding, and how each one's program is called. All programs take the same arguments (bench/cases/embed.mjs).
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const local = (path) => fileURLToPath(new URL(path, import.meta.url));
export const cache = local('../../.cache');
export const peerFolder = (name) => join(cache, 'peers', name);
export const llamaProgram = (name) => join(cache, 'llama.cpp', 'bin', name);
const interpreter = (peer) => join(peerFolder(peer), 'bin', 'python');

const python = (peer, script, model, ...more) => ({
  needs: [interpreter(peer), model],
  program: interpreter(peer),
  args: [local(`../peers/${peer}/${script}`), '--model', model, ...more],
});
const ours = (model, ...more) => ({
  needs: [model],
  program: process.execPath,
  args: [local('../cases/embed.mjs'), '--model', model, ...more],
});
const llama = (model, ...more) => ({
  needs: [llamaProgram('embed'), model],
  program: llamaProgram('embed'),
  args: ['--model', model, ...more],
});

/** Everybody that embeds, by the name that tables show. `logits`: the rows are logits instead of hidden states. */
export function embedders(models) {
  return {
    clmbr: ours(models.f32),
    'clmbr, BF16 weights': ours(models.bf16),
    'clmbr, Q8_0 weights': ours(models.q8_0),
    'clmbr, int8 compute': ours(models.f32, '--compute', 'int8'),
    'llama.cpp, logits of one row': { ...llama(models.f32, '--logits'), logits: true },
    'llama.cpp, one micro-batch': { ...llama(models.f32, '--logits', '--micro-batch', '4096'), logits: true },
    'llama.cpp, no flash attention': { ...llama(models.f32, '--logits', '--flash', '0'), logits: true },
    'llama.cpp, embeddings': llama(models.f32),
    'node-llama-cpp': {
      needs: [join(peerFolder('node-llama-cpp'), 'node_modules', 'node-llama-cpp'), models.withVocabulary],
      program: process.execPath,
      args: [
        ...[local('../peers/node-llama-cpp/embed.mjs'), '--modules', peerFolder('node-llama-cpp')],
        ...['--model', models.withVocabulary],
      ],
    },
    torch: python('torch', 'embed.py', models.checkpoint),
    'torch, bfloat16': python('torch', 'embed.py', models.checkpoint, '--dtype', 'bfloat16'),
    onnxruntime: python('onnxruntime', 'embed.py', models.onnx),
    'onnxruntime, int8': python('onnxruntime', 'embed.py', models.onnxInt8),
    'hf_ehr as published': python('hf-ehr', 'embed.py', models.checkpoint, '--batch', '2'),
  };
}

/** What a contender lacks to be measured, or undefined. */
export const missing = ({ needs }) => needs.find((file) => !existsSync(file));

/** The last line of a program's output as JSON; what it wrote to stderr goes into the error. */
export function runJson(program, args, environment = {}) {
  try {
    const output = execFileSync(program, args.map(String), {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return JSON.parse(output.trim().split('\n').at(-1));
  } catch (error) {
    const lines = String(error.stderr ?? '')
      .trim()
      .split('\n');
    const explanation = lines.findLast((line) => /error|assert|expected/i.test(line)) ?? lines.at(-1);
    throw new Error(explanation || error.message, { cause: error });
  }
}

/** One fresh process that embeds the sequences of `files`. */
export function embed(contender, files, { threads, repeats = 2, vectors, cold = false }) {
  const args = ['--threads', threads, '--repeats', repeats];
  if (vectors !== undefined) args.push('--vectors', vectors);
  if (cold) args.push('--cold');
  return runJson(contender.program, [...contender.args, ...args, ...files], { TRANSFORMERS_VERBOSITY: 'error' });
}
