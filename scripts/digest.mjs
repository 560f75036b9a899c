// npm run digest -- <model.gguf> [--sequences <expected.json>] [--compute int8] [--threads n]: the sha256 of the bytes of the vectors that a
// model gives to fixed timelines, for the instruction set that CLMBR_CPU names or the best. Equal digests: equal bits. `--sequences`: a file
// with `{ sequences: number[][] }` instead of timelines that are made from the model's size.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loadModel } from '../dist/index.js';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    sequences: { type: 'string' },
    compute: { type: 'string', default: 'f32' },
    threads: { type: 'string' },
  },
});

/** Random token ids, the same everywhere. */
function timeline(length, vocabularySize) {
  let state = length;
  return Array.from({ length }, () => (state = (state * 48271) % 2147483647) % vocabularySize);
}

const model = await loadModel(positionals[0], {
  device: 'cpu',
  compute: values.compute,
  ...(values.threads && { threads: Number(values.threads) }),
});
const { contextLength, vocabularySize, kernels } = model.info;
const lengths = [1, 2, 17, 64, 128, 512, 1000, 4096].filter((length) => length <= contextLength);
const patients = values.sequences
  ? JSON.parse(await readFile(values.sequences, 'utf8')).sequences
  : lengths.map((length) => timeline(length, vocabularySize));
// Every event's hidden state; little endian, as all platforms of the package are.
const { data, rows } = await model.embed(patients, { pooling: 'none' });
await model.dispose();
const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
console.log(
  `${kernels} ${values.compute} ${rows.length} rows sha256 ${createHash('sha256').update(bytes).digest('hex')}`,
);
