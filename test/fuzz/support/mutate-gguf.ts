import type { BuiltEntry, ValueType } from '../../support/gguf-builder.ts';
import { encodedEntry } from './gguf-entries.ts';
import type { GgufLayout, Span } from './gguf-fields.ts';
import { entryCountAt, layoutOf, tensorCountAt } from './gguf-fields.ts';
import { mutateBytes, otherInteger, readInteger, writeInteger } from './mutate-bytes.ts';
import { oddTexts } from './mutate-json.ts';
import type { Random } from './random.ts';

/** A valid file and what lies where in it. */
export interface Specimen {
  bytes: Buffer;
  layout: GgufLayout;
  /** Its metadata keys, known to the readers. */
  keys: string[];
}

export function specimen(bytes: Buffer): Specimen {
  const layout = layoutOf(bytes);
  const keys = layout.entries.map(({ start }) => {
    return bytes.toString('utf8', start + 8, start + 8 + Number(bytes.readBigUInt64LE(start)));
  });
  return { bytes, layout, keys };
}

const otherKeys = [
  ...['general.alignment', 'general.name', 'llama.rope.scaling.type', 'llama.rope.scaling.factor'],
  ...['llama.rope.scale_linear', 'llama.expert_count', 'llama.attention.causal', 'llama.attention.sliding_window'],
  ...['llama.tensor_data_layout', 'llama.use_parallel_residual', 'llama.attention.value_length', 'clmbr.rope.type'],
  ...['clmbr.rope.factor', 'clmbr.format_version', 'clmbr.vocabulary.format', 'clmbr.vocabulary.__proto__'],
  ...['tokenizer.ggml.bos_token_id', 'llama.unheard_of'],
];

const textValues = [...oddTexts, 'llama', 'linear', 'llama3', 'none', 'default', 'yarn', 'Meta AI original pth'];
const numberTypes: ValueType[] = ['UINT8', 'INT8', 'UINT16', 'INT16', 'UINT32', 'INT32'];
const floats = [0, -0, 1, -1, 0.5, 1e-45, 1e-5, 1, 1e4, 5e5, 3.4e38, NaN, Infinity, -Infinity];

function randomEntry(random: Random, keys: readonly string[]): BuiltEntry {
  const key = random.pick(random.chance(0.7) ? [...keys, ...otherKeys] : [...oddTexts, ...otherKeys]);
  switch (random.below(8)) {
    case 0:
      return { key, type: 'STRING', value: random.pick(textValues) };
    case 1:
      return { key, type: random.pick(['FLOAT32', 'FLOAT64'] as const), value: random.pick(floats) };
    case 2: {
      const value = otherInteger(random, 8n);
      return random.chance(0.5)
        ? { key, type: 'UINT64', value: BigInt.asUintN(64, value) }
        : { key, type: 'INT64', value: BigInt.asIntN(64, value) };
    }
    case 3:
      return { key, type: 'BOOL', value: random.pick([0, 1, 1, 2]) };
    case 4: {
      // Many elements that are really there.
      const count = random.pick([1, 3, 300, 60_000]);
      const value = Array.from({ length: count }, (_, i) => i % 250);
      return { key, type: 'ARRAY', elementType: random.pick(numberTypes), value };
    }
    case 5:
      return { key, type: 'ARRAY', elementType: 'STRING', value: Array(random.pick([0, 2, 20_000])).fill('x\ny') };
    case 6:
      // Elements that are not there.
      return {
        key,
        type: 'ARRAY',
        elementType: random.below(14),
        value: [Buffer.alloc(random.below(20))],
        count: BigInt.asUintN(64, otherInteger(random, 1n)),
      };
    default:
      return { key, type: random.pick(numberTypes), value: random.pick([0, 1, 2, 8, 16, 32, 64, 127, 255, 65_536]) };
  }
}

/** Puts other bytes in the place of a part of the header, and pads so that the data begins where it is expected again. */
function replaceHeader({ bytes, layout }: Specimen, { start, end }: Span, by: Uint8Array): Buffer {
  const header = Buffer.concat([bytes.subarray(0, start), by, bytes.subarray(end, layout.headerEnd)]);
  const padding = Buffer.alloc(Math.ceil(header.length / 32) * 32 - header.length);
  return Buffer.concat([header, padding, bytes.subarray(layout.dataStart)]);
}

function addToCount(bytes: Buffer, at: number, step: number): Buffer {
  writeInteger(bytes, at, 8, readInteger(bytes, at, 8) + BigInt(step));
  return bytes;
}

type Mutation = (random: Random, file: Specimen) => Buffer;

const changeField: Mutation = (random, { bytes, layout }) => {
  const copy = Buffer.from(bytes);
  for (let i = random.pick([1, 1, 1, 2]); i > 0; i--) {
    // Each kind in equal parts: there are a thousand lengths and one version.
    const kind = random.pick(layout.fields).kind;
    const kinds = [
      'version',
      'count',
      'length',
      'type',
      'value',
      'dimensions',
      'size',
      'offset',
      'text',
      kind,
    ] as const;
    const wanted = random.pick(kinds);
    const { at, size } = random.pick(layout.fields.filter((field) => field.kind === wanted));
    if (wanted === 'text') copy[at + random.below(size)] = random.below(256);
    else writeInteger(copy, at, size, otherInteger(random, readInteger(copy, at, size)));
  }
  return copy;
};

const changeItems: Mutation = (random, file) => {
  const { bytes, layout } = file;
  const tensors = random.chance(0.4);
  const spans = tensors ? layout.tensors : layout.entries;
  const countAt = tensors ? tensorCountAt : entryCountAt;
  const one = random.pick(spans);
  const other = random.pick(spans);
  const content = bytes.subarray(other.start, other.end);
  switch (random.below(4)) {
    case 0:
      return addToCount(replaceHeader(file, { start: one.start, end: one.start }, content), countAt, 1);
    case 1:
      return addToCount(replaceHeader(file, one, new Uint8Array(0)), countAt, -1);
    case 2:
      return replaceHeader(file, one, content);
    default: {
      const [first, second] = one.start <= other.start ? [one, other] : [other, one];
      if (first === second) return Buffer.from(bytes);
      const [a, b] = [bytes.subarray(first.start, first.end), bytes.subarray(second.start, second.end)];
      const between = bytes.subarray(first.end, second.start);
      return replaceHeader(file, { start: first.start, end: second.end }, Buffer.concat([b, between, a]));
    }
  }
};

/** An entry of another type or value where a known key was, or a new one. */
const changeEntry: Mutation = (random, file) => {
  const { entries } = file.layout;
  if (random.chance(0.4)) {
    const at = random.pick(entries).start;
    return addToCount(
      replaceHeader(file, { start: at, end: at }, encodedEntry(randomEntry(random, file.keys))),
      entryCountAt,
      1,
    );
  }
  const index = random.below(entries.length);
  const entry = { ...randomEntry(random, file.keys), key: file.keys[index]! };
  return replaceHeader(file, entries[index]!, encodedEntry(entry));
};

const changeData: Mutation = (random, { bytes, layout }) => {
  const copy = Buffer.from(bytes);
  for (let i = random.between(1, 40); i > 0; i--) {
    const at = layout.dataStart + random.below(copy.length - layout.dataStart);
    copy[at] = random.pick([0, 0x7f, 0x80, 0xff, random.below(256)]);
  }
  return copy;
};

const damage: Mutation = (random, { bytes, layout }) => {
  if (random.chance(0.3)) return mutateBytes(random, bytes);
  return Buffer.concat([mutateBytes(random, bytes.subarray(0, layout.headerEnd)), bytes.subarray(layout.headerEnd)]);
};

const mutations: readonly Mutation[] = [
  changeField,
  changeField,
  changeItems,
  changeEntry,
  changeEntry,
  changeData,
  damage,
];

/** Changes one thing, sometimes two, in a valid file. */
export function mutateGguf(random: Random, file: Specimen): Buffer {
  const mutated = random.pick(mutations)(random, file);
  return random.chance(0.15) ? mutateBytes(random, mutated) : mutated;
}

/** Leaves most files valid: other weights, other values of the same type, other items that change little. */
export function mutateGently(random: Random, file: Specimen): Buffer {
  if (random.chance(0.45)) return changeData(random, file);
  if (random.chance(0.35)) return changeEntry(random, file);
  if (random.chance(0.5)) return changeItems(random, file);
  return changeField(random, file);
}
