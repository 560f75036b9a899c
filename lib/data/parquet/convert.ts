import type { SchemaElement, TimeUnit } from 'hyparquet';
import { ParquetFault } from './errors.ts';
import type { ParquetColumn } from './schema.ts';
import type { DenseValues } from './values.ts';

/** What a reader wants a column as: `microseconds` are since 1970 UTC, `float32` is rounded to it. */
export type ColumnKind = 'int64' | 'microseconds' | 'float32' | 'float64' | 'boolean' | 'text';

export interface ColumnValues {
  int64: BigInt64Array;
  microseconds: BigInt64Array;
  float32: Float32Array;
  float64: Float64Array;
  /** 0 and 1. */
  boolean: Uint8Array;
  text: (string | null)[];
}

export type Convert<K extends ColumnKind> = (values: DenseValues) => ColumnValues[K];

const day = 86_400_000_000n;
const julianEpoch = 2_440_588n;
const limit = 2n ** 63n;

/** How values of a column become a kind; undefined where they cannot. */
export function converterOf<K extends ColumnKind>(column: ParquetColumn, kind: K): Convert<K> | undefined {
  if (column.maxRepetition > 0) return undefined;
  const isVoid = column.element.logical_type?.type === 'NULL';
  return (isVoid ? toNothing[kind] : converters[kind](column.element)) as Convert<K> | undefined;
}

/** A column that can hold nothing has no values of any kind. */
const toNothing: Record<ColumnKind, () => ColumnValues[ColumnKind]> = {
  int64: () => new BigInt64Array(0),
  microseconds: () => new BigInt64Array(0),
  float32: () => new Float32Array(0),
  float64: () => new Float64Array(0),
  boolean: () => new Uint8Array(0),
  text: () => [],
};

type AnyConvert = (values: never) => ColumnValues[ColumnKind];

const converters: Record<ColumnKind, (element: SchemaElement) => AnyConvert | undefined> = {
  int64: toInt64,
  microseconds: toMicroseconds,
  float32: (element) => toFloat(element, (length) => new Float32Array(length)),
  float64: (element) => toFloat(element, (length) => new Float64Array(length)),
  boolean: ({ type }) => (type === 'BOOLEAN' ? (values: Uint8Array) => values : undefined),
  text: ({ type, converted_type: converted }) =>
    type === 'BYTE_ARRAY' && converted !== 'DECIMAL' && converted !== 'BSON' ? (values: string[]) => values : undefined,
};

/** `INT_8` to `UINT_64`, or none of those. */
function integerOf({
  converted_type: converted,
  logical_type: logical,
}: SchemaElement): { unsigned: boolean } | undefined {
  if (logical?.type === 'INTEGER') return { unsigned: !logical.isSigned };
  if (converted?.includes('INT_')) return { unsigned: converted.startsWith('U') };
  return logical === undefined && converted === undefined ? { unsigned: false } : undefined;
}

function toInt64(element: SchemaElement): AnyConvert | undefined {
  const integer = integerOf(element);
  if (integer === undefined) return undefined;
  if (element.type === 'INT64') {
    if (!integer.unsigned) return (values: BigInt64Array) => values;
    return (values: BigInt64Array) => {
      if (values.some((value) => value < 0n)) throw new ParquetFault('an unsigned number beyond 63 bits');
      return values;
    };
  }
  if (element.type !== 'INT32') return undefined;
  return (values: Int32Array) => BigInt64Array.from(values, (value) => BigInt(integer.unsigned ? value >>> 0 : value));
}

function toFloat(
  element: SchemaElement,
  create: (length: number) => Float32Array | Float64Array,
): AnyConvert | undefined {
  const { type, converted_type: converted, scale = 0 } = element;
  if (type === 'FLOAT' || type === 'DOUBLE') {
    return (values: Float32Array | Float64Array) => {
      const result = create(values.length);
      if (values.BYTES_PER_ELEMENT === result.BYTES_PER_ELEMENT) return values;
      result.set(values);
      return result;
    };
  }
  const isDecimal = converted === 'DECIMAL' || element.logical_type?.type === 'DECIMAL';
  if ((type !== 'INT32' && type !== 'INT64') || (!isDecimal && integerOf(element) === undefined)) return undefined;
  const divisor = isDecimal ? 10 ** scale : 1;
  const unsigned = integerOf(element)?.unsigned ?? false;
  return (values: Int32Array | BigInt64Array) => {
    const result = create(values.length);
    for (let i = 0; i < result.length; i++) {
      const value = values[i]!;
      const signed = Number(value);
      result[i] = (unsigned && signed < 0 ? signed + 2 ** (8 * values.BYTES_PER_ELEMENT) : signed) / divisor;
    }
    return result;
  };
}

function toMicroseconds(element: SchemaElement): AnyConvert | undefined {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (type === 'INT96') return fromInt96;
  if (type === 'INT32') {
    const isDate = converted === 'DATE' || logical?.type === 'DATE';
    return isDate ? (values: Int32Array) => BigInt64Array.from(values, (days) => BigInt(days) * day) : undefined;
  }
  const unit = type === 'INT64' ? unitOf(element) : undefined;
  if (unit === 'MICROS') return (values: BigInt64Array) => values;
  if (unit === 'MILLIS') return (values: BigInt64Array) => values.map((value) => checked(value * 1000n));
  // Further digits are cut off, as in ISO texts: towards the past.
  if (unit === 'NANOS') return (values: BigInt64Array) => values.map((value) => floorDivide(value));
  return undefined;
}

function unitOf({ converted_type: converted, logical_type: logical }: SchemaElement): TimeUnit | undefined {
  if (logical?.type === 'TIMESTAMP') return logical.unit;
  if (converted === 'TIMESTAMP_MICROS') return 'MICROS';
  return converted === 'TIMESTAMP_MILLIS' ? 'MILLIS' : undefined;
}

function floorDivide(nanoseconds: bigint): bigint {
  const quotient = nanoseconds / 1000n;
  return nanoseconds < 0n && quotient * 1000n !== nanoseconds ? quotient - 1n : quotient;
}

function checked(microseconds: bigint): bigint {
  if (microseconds >= -limit && microseconds < limit) return microseconds;
  throw new ParquetFault('a time outside of 64 bits of microseconds');
}

/** Nanoseconds of the day in 64 bits, then the Julian day in 32: timestamps of Impala and of Spark's earlier versions. */
function fromInt96(values: Uint8Array): BigInt64Array {
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  const result = new BigInt64Array(values.length / 12);
  for (let i = 0; i < result.length; i++) {
    const days = BigInt(view.getInt32(12 * i + 8, true)) - julianEpoch;
    result[i] = checked(days * day + floorDivide(view.getBigInt64(12 * i, true)));
  }
  return result;
}
