/** Thrift's compact protocol, as Parquet has it, in a form that can be changed and written again, rightly or not. */

export type Thrift =
  | { kind: 'number'; type: number; value: bigint }
  | { kind: 'flag'; value: boolean }
  | { kind: 'bytes'; value: Buffer; length?: bigint }
  | { kind: 'fixed'; type: number; value: Buffer }
  | { kind: 'list'; element: number; items: Thrift[]; count?: bigint }
  | { kind: 'struct'; fields: Field[] };

export interface Field {
  id: number;
  /** Written instead of the type that the value has. */
  type?: number;
  value: Thrift;
}

export type Struct = Extract<Thrift, { kind: 'struct' }>;

const types = { true: 1, false: 2, byte: 3, double: 7, binary: 8, list: 9, set: 10, struct: 12 };

class Reader {
  at: number;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.at++);
  }

  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  zigzag(): bigint {
    const value = this.varint();
    return (value >> 1n) ^ -(value & 1n);
  }

  bytes(length: number): Buffer {
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  value(type: number, inList: boolean): Thrift {
    switch (type) {
      case types.true:
      case types.false:
        return { kind: 'flag', value: (inList ? this.byte() : type) === types.true };
      case types.byte:
        return { kind: 'fixed', type, value: this.bytes(1) };
      case types.double:
        return { kind: 'fixed', type, value: this.bytes(8) };
      case types.binary:
        return { kind: 'bytes', value: this.bytes(Number(this.varint())) };
      case types.list:
      case types.set: {
        const head = this.byte();
        const element = head & 15;
        const count = head >> 4 === 15 ? Number(this.varint()) : head >> 4;
        return { kind: 'list', element, items: Array.from({ length: count }, () => this.value(element, true)) };
      }
      case types.struct:
        return this.struct();
      default:
        return { kind: 'number', type, value: this.zigzag() };
    }
  }

  struct(): Struct {
    const fields: Field[] = [];
    for (let id = 0; ; ) {
      const head = this.byte();
      if (head === 0) return { kind: 'struct', fields };
      id = head >> 4 === 0 ? Number(this.zigzag()) : id + (head >> 4);
      fields.push({ id, value: this.value(head & 15, false) });
    }
  }
}

/** A structure and where it ends. */
export function readStruct(bytes: Buffer, at: number): { struct: Struct; end: number } {
  const reader = new Reader(bytes, at);
  const struct = reader.struct();
  return { struct, end: reader.at };
}

export function varint(given: bigint): Buffer {
  const bytes: number[] = [];
  for (let value = BigInt.asUintN(64, given); ; value >>= 7n) {
    if (value < 0x80n) return Buffer.from([...bytes, Number(value)]);
    bytes.push(Number(value & 0x7fn) | 0x80);
  }
}

const zigzag = (value: bigint): Buffer => varint((value << 1n) ^ (value >> 63n));

function typeOf(value: Thrift): number {
  switch (value.kind) {
    case 'flag':
      return value.value ? types.true : types.false;
    case 'bytes':
      return types.binary;
    case 'list':
      return types.list;
    case 'struct':
      return types.struct;
    default:
      return value.type;
  }
}

function writeValue(value: Thrift, inList: boolean): Buffer {
  switch (value.kind) {
    case 'number':
      return zigzag(value.value);
    case 'flag':
      return inList ? Buffer.of(typeOf(value)) : Buffer.alloc(0);
    case 'bytes':
      return Buffer.concat([varint(value.length ?? BigInt(value.value.length)), value.value]);
    case 'fixed':
      return value.value;
    case 'list': {
      const count = value.count ?? BigInt(value.items.length);
      const short = count >= 0n && count < 15n;
      const head = Buffer.of(((short ? Number(count) : 15) << 4) | value.element);
      const items = value.items.map((item) => writeValue(item, true));
      return Buffer.concat([head, short ? Buffer.alloc(0) : varint(count), ...items]);
    }
    case 'struct':
      return writeStruct(value);
  }
}

export function writeStruct({ fields }: Struct): Buffer {
  const parts: Buffer[] = [];
  let last = 0;
  for (const { id, type, value } of fields) {
    const written = (type ?? typeOf(value)) & 15;
    const step = id - last;
    parts.push(
      step > 0 && step < 16
        ? Buffer.of((step << 4) | written)
        : Buffer.concat([Buffer.of(written), zigzag(BigInt(id))]),
    );
    parts.push(writeValue(value, false));
    last = id;
  }
  return Buffer.concat([...parts, Buffer.of(0)]);
}

/** The value of a field. */
export function fieldOf(struct: Struct, id: number): Thrift | undefined {
  return struct.fields.find((field) => field.id === id)?.value;
}

export function numberOf(struct: Struct, id: number): number | undefined {
  const value = fieldOf(struct, id);
  return value?.kind === 'number' ? Number(value.value) : undefined;
}

/** The structures of a field that is a list of them. */
export function structsOf(struct: Struct, id: number): Struct[] {
  const value = fieldOf(struct, id);
  return value?.kind === 'list' ? value.items.filter((item) => item.kind === 'struct') : [];
}
