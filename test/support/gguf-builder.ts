/** Builds GGUF files byte by byte, right or wrong, independently of the writer under test. */

export const valueTypes = {
  UINT8: 0,
  INT8: 1,
  UINT16: 2,
  INT16: 3,
  UINT32: 4,
  INT32: 5,
  FLOAT32: 6,
  BOOL: 7,
  STRING: 8,
  ARRAY: 9,
  UINT64: 10,
  INT64: 11,
  FLOAT64: 12,
} as const;

export type ValueType = keyof typeof valueTypes;

export interface BuiltEntry {
  key: string;
  type: ValueType | number;
  /** For an array: its elements. */
  value: unknown;
  elementType?: ValueType | number;
  /** Replaces the true element count. */
  count?: bigint;
}

export interface BuiltTensor {
  name: string;
  shape: (number | bigint)[];
  /** ggml's number; default 0 (F32). */
  type?: number;
  /** Bytes of data; zeros by default. */
  bytes: number | Uint8Array;
  /** Replaces the true offset within the data. */
  offset?: bigint;
}

export interface BuiltGguf {
  magic?: string;
  version?: number;
  alignment?: number;
  entries?: BuiltEntry[];
  tensors?: BuiltTensor[];
  tensorCount?: bigint;
  entryCount?: bigint;
  /** Appended after the data. */
  trailing?: number;
  /** Removed from the end. */
  cut?: number;
}

const u32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};

const u64 = (value: number | bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};

export const ggufString = (text: string | Uint8Array) => {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
  return Buffer.concat([u64(bytes.length), bytes]);
};

function scalar(type: ValueType | number, value: unknown): Uint8Array {
  const n = value as number;
  switch (type) {
    case 'UINT8':
      return Uint8Array.of(n);
    case 'INT8':
      return new Uint8Array(Int8Array.of(n).buffer);
    case 'UINT16':
      return new Uint8Array(Uint16Array.of(n).buffer);
    case 'INT16':
      return new Uint8Array(Int16Array.of(n).buffer);
    case 'UINT32':
      return u32(n);
    case 'INT32':
      return new Uint8Array(Int32Array.of(n).buffer);
    case 'FLOAT32':
      return new Uint8Array(Float32Array.of(n).buffer);
    case 'BOOL':
      return Uint8Array.of(Number(value));
    case 'STRING':
      return ggufString(value as string);
    case 'UINT64':
      return u64(value as bigint);
    case 'INT64':
      return new Uint8Array(BigInt64Array.of(value as bigint).buffer);
    case 'FLOAT64':
      return new Uint8Array(Float64Array.of(n).buffer);
    default:
      return value as Uint8Array;
  }
}

const typeNumber = (type: ValueType | number) => u32(typeof type === 'number' ? type : valueTypes[type]);

function encodeEntry(entry: BuiltEntry): Buffer {
  const head = [ggufString(entry.key), typeNumber(entry.type)];
  if (entry.type !== 'ARRAY') return Buffer.concat([...head, scalar(entry.type, entry.value)]);
  const elements = [...(entry.value as Iterable<unknown>)];
  const elementType = entry.elementType ?? 'UINT8';
  const body = elements.map((element) => scalar(elementType, element));
  return Buffer.concat([...head, typeNumber(elementType), u64(entry.count ?? elements.length), ...body]);
}

const alignUp = (value: number, alignment: number) => Math.ceil(value / alignment) * alignment;

export function buildGguf(gguf: BuiltGguf): Buffer {
  const { entries = [], tensors = [], alignment = 32 } = gguf;
  const pieces: Uint8Array[] = [
    Buffer.from(gguf.magic ?? 'GGUF', 'latin1'),
    u32(gguf.version ?? 3),
    u64(gguf.tensorCount ?? tensors.length),
    u64(gguf.entryCount ?? entries.length),
    ...entries.map(encodeEntry),
  ];
  let end = 0;
  const data: Uint8Array[] = [];
  for (const tensor of tensors) {
    const bytes = typeof tensor.bytes === 'number' ? new Uint8Array(tensor.bytes) : tensor.bytes;
    pieces.push(ggufString(tensor.name), u32(tensor.shape.length), ...tensor.shape.map(u64));
    pieces.push(u32(tensor.type ?? 0), u64(tensor.offset ?? end));
    data.push(bytes, new Uint8Array(alignUp(bytes.length, alignment) - bytes.length));
    end += alignUp(bytes.length, alignment);
  }
  const header = Buffer.concat(pieces);
  const padding = tensors.length === 0 ? 0 : alignUp(header.length, alignment) - header.length;
  const whole = Buffer.concat([header, Buffer.alloc(padding), ...data, Buffer.alloc(gguf.trailing ?? 0)]);
  return whole.subarray(0, whole.length - (gguf.cut ?? 0));
}

/** The smallest Llama that is whole: one layer, F32, without a vocabulary. */
export function tinyLlama(): Required<Pick<BuiltGguf, 'entries' | 'tensors'>> {
  const [hidden, ff, vocabulary, heads, kvHeads, headSize] = [16, 24, 10, 2, 1, 8];
  const uint = (key: string, value: number): BuiltEntry => ({ key, type: 'UINT32', value });
  const float = (key: string, value: number): BuiltEntry => ({ key, type: 'FLOAT32', value });
  const tensor = (name: string, ...shape: number[]): BuiltTensor => {
    const count = shape.reduce((product, size) => product * size, 1);
    return { name, shape, bytes: new Uint8Array(new Float32Array(count).fill(0.5).buffer) };
  };
  return {
    entries: [
      { key: 'general.architecture', type: 'STRING', value: 'llama' },
      uint('llama.context_length', 32),
      uint('llama.embedding_length', hidden),
      uint('llama.block_count', 1),
      uint('llama.feed_forward_length', ff),
      uint('llama.attention.head_count', heads),
      uint('llama.attention.head_count_kv', kvHeads),
      float('llama.attention.layer_norm_rms_epsilon', 1e-5),
      float('llama.rope.freq_base', 10000),
      uint('llama.vocab_size', vocabulary),
    ],
    tensors: [
      tensor('token_embd.weight', hidden, vocabulary),
      tensor('blk.0.attn_norm.weight', hidden),
      tensor('blk.0.attn_q.weight', hidden, heads * headSize),
      tensor('blk.0.attn_k.weight', hidden, kvHeads * headSize),
      tensor('blk.0.attn_v.weight', hidden, kvHeads * headSize),
      tensor('blk.0.attn_output.weight', heads * headSize, hidden),
      tensor('blk.0.ffn_norm.weight', hidden),
      tensor('blk.0.ffn_gate.weight', hidden, ff),
      tensor('blk.0.ffn_up.weight', hidden, ff),
      tensor('blk.0.ffn_down.weight', ff, hidden),
      tensor('output_norm.weight', hidden),
      tensor('output.weight', hidden, vocabulary),
    ],
  };
}
