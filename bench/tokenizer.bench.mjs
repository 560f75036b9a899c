// How long a vocabulary of the released size (39,811 entries) takes to load, and how many events a second one core encodes.
//
// usage: node bench/tokenizer.bench.mjs [model.gguf]
//
// Prints one JSON line per figure: {"name", "value", "unit"}. Without an argument it converts a tiny checkpoint that carries the
// vocabulary, so `npm run build` has to come first.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { ClmbrTokenizer } from '../dist/index.js';

const goldenVocabulary = fileURLToPath(
  new URL('../../shared/golden/tokenizer/tokenizer_config.json.gz', import.meta.url),
);
const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
const entryCount = 39_811;
const eventCount = 1_000_000;
const passes = 7;

const report = (name, value, unit) => process.stdout.write(`${JSON.stringify({ name, value, unit })}\n`);

/** Numbers from 0 to 1, the same in every run. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Codes with bins, bare codes and texts in the proportions of a laboratory-heavy vocabulary. */
function syntheticConfig(random) {
  const tokens = [];
  const add = (code, type, tokenization) => tokens.push({ code, type, description: null, tokenization, stats: [] });
  while (tokens.length < entryCount) {
    const code = `LOINC/${Math.floor(random() * 1e6)}-${Math.floor(random() * 10)}`;
    add(code, 'code', {});
    if (random() < 0.4) {
      const edges = [
        -Number.MAX_VALUE,
        ...Array.from({ length: 9 }, (_, i) => Math.fround(i * 10.1)),
        Number.MAX_VALUE,
      ];
      for (let i = 1; i < edges.length; i++) {
        add(code, 'numerical_range', { unit: 'None', range_start: edges[i - 1], range_end: edges[i] });
      }
    } else if (random() < 0.2) {
      for (const text of ['Positive', 'Negative']) add(code, 'categorical', { categories: [text] });
    }
  }
  return { timestamp: '2024-01-01T00:00:00', metadata: {}, tokens: tokens.slice(0, entryCount) };
}

/** The smallest Llama checkpoint that the vocabulary fits: one layer of zeros. */
function writeCheckpoint(folder, configText, size) {
  const [hidden, feedForward] = [8, 8];
  const layer = 'model.layers.0.';
  const shapes = {
    'model.embed_tokens.weight': [size, hidden],
    'model.norm.weight': [hidden],
    [`${layer}input_layernorm.weight`]: [hidden],
    [`${layer}post_attention_layernorm.weight`]: [hidden],
    ...Object.fromEntries(
      ['q', 'k', 'v', 'o'].map((name) => [`${layer}self_attn.${name}_proj.weight`, [hidden, hidden]]),
    ),
    [`${layer}mlp.gate_proj.weight`]: [feedForward, hidden],
    [`${layer}mlp.up_proj.weight`]: [feedForward, hidden],
    [`${layer}mlp.down_proj.weight`]: [hidden, feedForward],
  };
  let offset = 0;
  const header = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const bytes = 4 * shape.reduce((product, length) => product * length, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, (offset += bytes)] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const model = {
    ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', torch_dtype: 'float32', vocab_size: size },
    ...{ hidden_size: hidden, intermediate_size: feedForward, num_hidden_layers: 1, hidden_act: 'silu' },
    ...{ num_attention_heads: 1, num_key_value_heads: 1, max_position_embeddings: 64, rms_norm_eps: 1e-5 },
    ...{ rope_theta: 10_000, tie_word_embeddings: true, bos_token_id: 0, eos_token_id: 1 },
  };
  mkdirSync(folder);
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([length, text, Buffer.alloc(offset)]));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(model));
  writeFileSync(join(folder, 'tokenizer_config.json'), configText);
}

/** Timelines as a JSONL reader hands them over: frequent codes more often, values near the bins, one event in twenty unknown. */
function makePatients({ tokens }, random) {
  const events = Array.from({ length: eventCount }, (_, i) => {
    const start = '2019-03-14T10:30:00';
    if (random() < 0.05) return { code: `LOCAL/${i % 5000}`, start };
    const { code, tokenization } = tokens[Math.floor(random() ** 2 * tokens.length)];
    if (tokenization.categories) return { code, value: tokenization.categories[0], start };
    if (tokenization.range_start === undefined || random() < 0.1) return { code, start };
    const edge = Math.abs(tokenization.range_start) < 1e300 ? tokenization.range_start : tokenization.range_end;
    return { code, value: Math.abs(edge) < 1e300 ? edge : 1, unit: 'mg/dL', start };
  });
  const patients = [];
  for (let from = 0; from < eventCount; ) {
    const length = 20 + Math.floor(random() ** 3 * 4000);
    patients.push(JSON.parse(JSON.stringify(events.slice(from, from + length))));
    from += length;
  }
  return patients;
}

async function timedLoad(name, path) {
  const start = performance.now();
  const tokenizer = await ClmbrTokenizer.load(path);
  report(name, Math.round(performance.now() - start), 'ms');
  return tokenizer;
}

function measureEncoding(tokenizer, patients) {
  const rates = [];
  let tokens = 0;
  for (let pass = 0; pass < passes; pass++) {
    tokens = 0;
    const start = performance.now();
    for (const patient of patients) tokens += tokenizer.encode(patient).ids.length;
    rates.push(eventCount / ((performance.now() - start) / 1000));
  }
  rates.sort((a, b) => a - b);
  report('tokenizer.encode', Math.round(rates[passes >> 1]), 'events/s');
  report('tokenizer.encode.mapped', tokens / eventCount, 'share');
}

const folder = mkdtempSync(join(tmpdir(), 'clmbr-bench-'));
try {
  const random = randomNumbers(1);
  const configText = existsSync(goldenVocabulary)
    ? gunzipSync(readFileSync(goldenVocabulary)).toString()
    : JSON.stringify(syntheticConfig(random));
  const checkpoint = join(folder, 'checkpoint');
  writeCheckpoint(checkpoint, configText, entryCount + 7);
  let gguf = process.argv[2];
  if (gguf === undefined && existsSync(cli)) {
    gguf = join(folder, 'model.gguf');
    execFileSync(process.execPath, [cli, 'convert', checkpoint, gguf], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
  // First of all, while the engine has compiled nothing yet: that is what an application meets at its start.
  if (gguf !== undefined) await timedLoad('tokenizer.load.gguf', gguf);
  const tokenizer = await timedLoad('tokenizer.load.json', join(checkpoint, 'tokenizer_config.json'));
  measureEncoding(tokenizer, makePatients(JSON.parse(configText), random));
} finally {
  rmSync(folder, { recursive: true });
}
