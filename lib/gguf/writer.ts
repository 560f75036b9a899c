import { ClmbrError } from '../errors.ts';
import type { WeightType } from '../types.ts';
import { alignUp, rowBytes, weightTypeNumbers } from './tensor-types.ts';
import type { GgufTypedArray, GgufValueType } from './types.ts';
import { ggufValueTypes } from './types.ts';

/** A metadata entry to write; arrays of numbers take their type from the typed array. */
export type GgufEntry =
  | { key: string; type: 'UINT32' | 'FLOAT32' | 'FLOAT64'; value: number }
  | { key: string; type: 'UINT64'; value: bigint }
  | { key: string; type: 'BOOL'; value: boolean }
  | { key: string; type: 'STRING'; value: string }
  | { key: string; type: 'ARRAY'; value: GgufTypedArray | readonly string[] };

/** A tensor to write: its sizes with the fastest-running one first. */
export interface GgufTensorPlan {
  name: string;
  type: WeightType;
  shape: readonly number[];
}

/** Where the writer puts bytes, in order. */
export interface GgufSink {
  write(bytes: Uint8Array): Promise<void>;
}

export const ggufAlignment = 32;

export function tensorBytes(plan: GgufTensorPlan): number {
  const [columns, ...others] = plan.shape as [number, ...number[]];
  return rowBytes(plan.type, columns) * others.reduce((product, size) => product * size, 1);
}

const arrayTypes: readonly [abstract new (...args: never[]) => GgufTypedArray, GgufValueType][] = [
  [Uint8Array, 'UINT8'],
  [Int8Array, 'INT8'],
  [Uint16Array, 'UINT16'],
  [Int16Array, 'INT16'],
  [Uint32Array, 'UINT32'],
  [Int32Array, 'INT32'],
  [BigUint64Array, 'UINT64'],
  [BigInt64Array, 'INT64'],
  [Float32Array, 'FLOAT32'],
  [Float64Array, 'FLOAT64'],
];

/** Collects little-endian pieces; large arrays are referenced, not copied, until they are joined. */
class HeaderBuilder {
  readonly #pieces: Uint8Array[] = [];

  bytes(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
  }

  fixed(length: number, set: (view: DataView) => void): void {
    const bytes = new Uint8Array(length);
    set(new DataView(bytes.buffer));
    this.#pieces.push(bytes);
  }

  uint32(value: number): void {
    this.fixed(4, (view) => view.setUint32(0, value, true));
  }

  uint64(value: number | bigint): void {
    this.fixed(8, (view) => view.setBigUint64(0, BigInt(value), true));
  }

  string(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    this.uint64(bytes.length);
    this.#pieces.push(bytes);
  }

  type(type: GgufValueType): void {
    this.uint32(ggufValueTypes.indexOf(type));
  }

  /** Everything so far, filled up with zeros to a multiple of `alignment`. */
  join(alignment: number): Buffer<ArrayBuffer> {
    const length = this.#pieces.reduce((sum, piece) => sum + piece.length, 0);
    return Buffer.concat(this.#pieces, alignUp(length, alignment));
  }
}

function addArray(builder: HeaderBuilder, value: GgufTypedArray | readonly string[]): void {
  const numbers = arrayTypes.find(([constructor]) => value instanceof constructor);
  builder.type(numbers?.[1] ?? 'STRING');
  builder.uint64(value.length);
  if (numbers !== undefined) {
    const array = value as GgufTypedArray;
    builder.bytes(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  } else {
    for (const text of value as readonly string[]) builder.string(text);
  }
}

function addEntry(builder: HeaderBuilder, entry: GgufEntry): void {
  builder.string(entry.key);
  builder.type(entry.type);
  switch (entry.type) {
    case 'UINT32':
      return builder.uint32(entry.value);
    case 'FLOAT32':
      return builder.fixed(4, (view) => view.setFloat32(0, entry.value, true));
    case 'FLOAT64':
      return builder.fixed(8, (view) => view.setFloat64(0, entry.value, true));
    case 'UINT64':
      return builder.uint64(entry.value);
    case 'BOOL':
      return builder.bytes(Uint8Array.of(entry.value ? 1 : 0));
    case 'STRING':
      return builder.string(entry.value);
    case 'ARRAY':
      return addArray(builder, entry.value);
  }
}

/** The header of a GGUF file (version 3), up to the first byte of tensor data, in which tensors follow in the order given. */
export function encodeGgufHeader(
  entries: readonly GgufEntry[],
  tensors: readonly GgufTensorPlan[],
): Buffer<ArrayBuffer> {
  const builder = new HeaderBuilder();
  builder.bytes(Buffer.from('GGUF', 'latin1'));
  builder.uint32(3);
  builder.uint64(tensors.length);
  builder.uint64(entries.length);
  for (const entry of entries) addEntry(builder, entry);
  let offset = 0;
  for (const tensor of tensors) {
    builder.string(tensor.name);
    builder.uint32(tensor.shape.length);
    for (const size of tensor.shape) builder.uint64(size);
    builder.uint32(weightTypeNumbers[tensor.type]);
    builder.uint64(offset);
    offset += alignUp(tensorBytes(tensor), ggufAlignment);
  }
  return builder.join(ggufAlignment);
}

/**
 * Writes a GGUF file front to back: the header, then for each tensor in the order announced its data in any number of
 * pieces. It counts bytes, so that a file whose table and data disagree cannot come out of it.
 */
export class GgufWriter {
  readonly #sink: GgufSink;
  readonly #header: Buffer<ArrayBuffer>;
  readonly #tensors: readonly GgufTensorPlan[];
  #current = -1;
  #missing = 0;

  constructor(sink: GgufSink, entries: readonly GgufEntry[], tensors: readonly GgufTensorPlan[]) {
    this.#sink = sink;
    this.#tensors = tensors;
    this.#header = encodeGgufHeader(entries, tensors);
  }

  /** Size of the finished file in bytes. */
  get totalBytes(): number {
    const data = this.#tensors.reduce((sum, tensor) => sum + alignUp(tensorBytes(tensor), ggufAlignment), 0);
    return this.#header.length + data;
  }

  async writeHeader(): Promise<void> {
    await this.#sink.write(this.#header);
  }

  /** Starts the next tensor, which must be the one called `name`. */
  beginTensor(name: string): void {
    this.#assertComplete();
    this.#current += 1;
    const tensor = this.#tensors[this.#current];
    if (tensor?.name !== name) {
      throw new ClmbrError(
        'INTERNAL',
        `Tensor "${name}" was written where "${tensor?.name ?? 'the end'}" was announced.`,
      );
    }
    this.#missing = tensorBytes(tensor);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#missing -= bytes.length;
    if (this.#missing < 0) {
      throw new ClmbrError('INTERNAL', `Tensor "${this.#tensors[this.#current]?.name}" got more bytes than announced.`);
    }
    await this.#sink.write(bytes);
    if (this.#missing === 0) {
      const length = tensorBytes(this.#tensors[this.#current]!);
      const padding = alignUp(length, ggufAlignment) - length;
      if (padding > 0) await this.#sink.write(new Uint8Array(padding));
    }
  }

  /** Checks that all data came; writes nothing. */
  finish(): void {
    this.#assertComplete();
    if (this.#current !== this.#tensors.length - 1) {
      throw new ClmbrError('INTERNAL', `${this.#current + 1} of ${this.#tensors.length} tensors were written.`);
    }
  }

  #assertComplete(): void {
    if (this.#missing === 0) return;
    throw new ClmbrError('INTERNAL', `Tensor "${this.#tensors[this.#current]?.name}" lacks ${this.#missing} bytes.`);
  }
}
