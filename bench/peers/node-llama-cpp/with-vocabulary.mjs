// A copy of a GGUF file that node-llama-cpp opens: node with-vocabulary.mjs IN.gguf OUT.gguf
//
// It ends the process with models without a vocabulary of texts, which ours are to llama.cpp. The copy has one text for each id ("t17"),
// and one for each byte, which its tokenizer cannot do without; ids that are passed as such never meet them. Weights are copied as they
// are.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

const [source, target] = process.argv.slice(2);
const [uint32, int32, float32, string, array] = [4, 5, 6, 8, 9];
const widths = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };

const file = readFileSync(source);
let at = 24;
const number = () => file.readUInt32LE((at += 4) - 4);
const long = () => Number(file.readBigUInt64LE((at += 8) - 8));
// Both read a number first, which moves `at` too.
const skip = (bytes) => (at += bytes);
const skipText = () => skip(long());
function skipValue(type) {
  if (type === string) skipText();
  else if (type === array) {
    const item = number();
    for (let left = long(); left > 0; left--) skipValue(item);
  } else at += widths[type];
}

const tensors = Number(file.readBigUInt64LE(8));
const entries = [];
let vocabulary = 0;
for (let left = Number(file.readBigUInt64LE(16)); left > 0; left--) {
  const start = at;
  skipText();
  const key = file.toString('utf8', start + 8, at);
  const type = number();
  const value = at;
  skipValue(type);
  if (key === 'llama.vocab_size') vocabulary = file.readUInt32LE(value);
  if (key !== 'tokenizer.ggml.model') entries.push(file.subarray(start, at));
}
const infos = at;
for (let left = tensors; left > 0; left--) {
  skipText();
  skip(8 * number() + 4 + 8);
}
const tensorInfos = file.subarray(infos, at);
const data = Math.ceil(at / 32) * 32;

const u32 = (value) => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const text = (value) => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
const list = (key, type, items) => Buffer.concat([text(key), u32(array), u32(type), u64(vocabulary), ...items]);
const ids = Array.from({ length: vocabulary }, (_, id) => id);
const isByte = (id) => id >= 7 && id < 263;
const textOf = (id) => (isByte(id) ? `<0x${(id - 7).toString(16).toUpperCase().padStart(2, '0')}>` : `t${id}`);
entries.push(
  Buffer.concat([text('tokenizer.ggml.model'), u32(string), text('llama')]),
  list(
    'tokenizer.ggml.tokens',
    string,
    ids.map((id) => text(textOf(id))),
  ),
  list('tokenizer.ggml.scores', float32, [Buffer.alloc(4 * vocabulary)]),
  list(
    'tokenizer.ggml.token_type',
    int32,
    ids.map((id) => u32(isByte(id) ? 6 : 1)),
  ),
  Buffer.concat([text('tokenizer.ggml.add_bos_token'), u32(7), Buffer.of(0)]),
  Buffer.concat([text('tokenizer.ggml.add_eos_token'), u32(7), Buffer.of(0)]),
  Buffer.concat([text('tokenizer.ggml.unknown_token_id'), u32(uint32), u32(2)]),
);
const head = Buffer.concat([file.subarray(0, 16), u64(entries.length), ...entries, tensorInfos]);
const out = openSync(target, 'w');
writeSync(out, head);
writeSync(out, Buffer.alloc((32 - (head.length % 32)) % 32));
for (let from = data; from < file.length; from += 1 << 26) writeSync(out, file.subarray(from, from + (1 << 26)));
closeSync(out);
