// One EHRSHOT-like patient: node label-times.mjs MODEL LABELS THREADS PATIENTS. Prints JSON.
//
// `shared`: the patient with all label times in one call; `separate`: every label's window as a timeline of its own. The rows of both
// must be the same bits.
import { loadModel } from '../../dist/index.js';
import { labelPositions } from '../lib/lengths.mjs';

const [path, ...numbers] = process.argv.slice(2);
const [labels, threads] = numbers.map(Number);
const model = await loadModel(path, { threads });
const { contextLength } = model.info;
const positions = labelPositions(labels, contextLength);

// Codes that give exactly one token whatever comes with them.
const bare = [];
for (let id = 7; id < model.info.vocabularySize && bare.length < 500; id += 13) {
  const [{ code, token }] = model.tokenizer.decode([id]);
  if (code !== undefined && code === token && model.tokenizer.idsOf(code).length === 1) bare.push(code);
}
const minute = 60_000;
const events = Array.from({ length: positions.at(-1) }, (_, i) => ({
  code: bare[(i * 7919) % bare.length],
  start: new Date(i * minute),
}));
const at = positions.map((position) => new Date((position - 1) * minute));
const { ids } = model.tokenizer.encode(events);
if (ids.length !== events.length) throw new Error(`${events.length} events gave ${ids.length} tokens.`);
const windows = positions.map((position) =>
  Int32Array.from(ids).slice(Math.max(0, position - contextLength), position),
);

const timed = async (work) => {
  const from = performance.now();
  const { data } = await work();
  return { seconds: (performance.now() - from) / 1000, data };
};
await model.embed([windows[0].subarray(0, 32)]);
const shared = await timed(() => model.embed([events], { at: [at] }));
const separate = await timed(() => model.embed(windows));
const same = Buffer.from(shared.data.buffer).equals(Buffer.from(separate.data.buffer));
await model.dispose();
process.stdout.write(`${JSON.stringify({ shared: shared.seconds, separate: separate.seconds, labels, same })}\n`);
