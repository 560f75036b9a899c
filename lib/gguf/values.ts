import type { HeaderWindow } from './header-window.ts';
import type { GgufValue, GgufValueType } from './types.ts';
import { ggufValueTypes } from './types.ts';

/** Arrays of strings and booleans become values one by one; the largest vocabularies have half a million merges. */
const maxPlainElements = 1 << 22;
const maxStringBytes = 64 * 1024 * 1024;

interface Numeric {
  bytes: number;
  wrap: (buffer: ArrayBuffer) => GgufValue;
}

const numeric: Partial<Record<GgufValueType, Numeric>> = {
  UINT8: { bytes: 1, wrap: (b) => new Uint8Array(b) },
  INT8: { bytes: 1, wrap: (b) => new Int8Array(b) },
  UINT16: { bytes: 2, wrap: (b) => new Uint16Array(b) },
  INT16: { bytes: 2, wrap: (b) => new Int16Array(b) },
  UINT32: { bytes: 4, wrap: (b) => new Uint32Array(b) },
  INT32: { bytes: 4, wrap: (b) => new Int32Array(b) },
  FLOAT32: { bytes: 4, wrap: (b) => new Float32Array(b) },
  UINT64: { bytes: 8, wrap: (b) => new BigUint64Array(b) },
  INT64: { bytes: 8, wrap: (b) => new BigInt64Array(b) },
  FLOAT64: { bytes: 8, wrap: (b) => new Float64Array(b) },
};

/** Reads the number of a value type. */
export function readValueType(window: HeaderWindow, what: string): GgufValueType {
  const number = window.uint32(`the type of ${what}`);
  const type = ggufValueTypes[number];
  if (type === undefined) {
    throw window.invalid(`the type of ${what} is ${number}, expected 0 to ${ggufValueTypes.length - 1}.`, {
      found: number,
    });
  }
  return type;
}

function readBoolean(window: HeaderWindow, what: string): boolean {
  const byte = window.uint8(what);
  if (byte > 1) throw window.invalid(`${what} is ${byte}, expected a boolean (0 or 1).`, { found: byte });
  return byte === 1;
}

function readArray(window: HeaderWindow, what: string): { value: GgufValue; type: string } {
  const type = readValueType(window, `the elements of ${what}`);
  const form = numeric[type];
  const countName = `the element count of ${what}`;
  if (form !== undefined) {
    const count = window.count(countName, form.bytes, Number.MAX_SAFE_INTEGER);
    return { value: form.wrap(window.copy(count * form.bytes, what)), type: `ARRAY<${type}>` };
  }
  // ggml reads no nested arrays either.
  if (type === 'ARRAY') throw window.invalid(`${what} is an array of arrays, which is not supported.`);
  const count = window.count(countName, type === 'BOOL' ? 1 : 8, maxPlainElements);
  const read = type === 'BOOL' ? () => readBoolean(window, what) : () => window.string(what, maxStringBytes);
  const values = [];
  for (let i = 0; i < count; i++) values.push(read());
  return { value: values as string[] | boolean[], type: `ARRAY<${type}>` };
}

/**
 * Reads one metadata value.
 *
 * @param what names the value in messages, for example `key "general.name"`
 */
export function readValue(window: HeaderWindow, type: GgufValueType, what: string): { value: GgufValue; type: string } {
  switch (type) {
    case 'UINT8':
      return { value: window.uint8(what), type };
    case 'INT8':
      return { value: window.int8(what), type };
    case 'UINT16':
      return { value: window.uint16(what), type };
    case 'INT16':
      return { value: window.int16(what), type };
    case 'UINT32':
      return { value: window.uint32(what), type };
    case 'INT32':
      return { value: window.int32(what), type };
    case 'FLOAT32':
      return { value: window.float32(what), type };
    case 'BOOL':
      return { value: readBoolean(window, what), type };
    case 'STRING':
      return { value: window.string(what, maxStringBytes), type };
    case 'ARRAY':
      return readArray(window, what);
    case 'UINT64':
      return { value: window.uint64(what), type };
    case 'INT64':
      return { value: window.int64(what), type };
    case 'FLOAT64':
      return { value: window.float64(what), type };
  }
}
