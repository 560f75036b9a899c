/** One column of a stored vocabulary; the tokenizer decides which columns there are. */
export type VocabularyColumn = string | number | Uint8Array | Int32Array | Uint32Array | Float64Array;

/** A vocabulary as named columns, the form in which a GGUF file carries it. */
export type VocabularyTables = Record<string, VocabularyColumn>;

/** The value types of GGUF metadata, in the order of their numbers in the file (0-12). */
export const ggufValueTypes = [
  'UINT8',
  'INT8',
  'UINT16',
  'INT16',
  'UINT32',
  'INT32',
  'FLOAT32',
  'BOOL',
  'STRING',
  'ARRAY',
  'UINT64',
  'INT64',
  'FLOAT64',
] as const;

export type GgufValueType = (typeof ggufValueTypes)[number];

export type GgufTypedArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** A metadata value: 64-bit integers are `bigint`, arrays of numbers are typed arrays, arrays of strings and booleans are plain arrays. */
export type GgufValue = number | bigint | boolean | string | GgufTypedArray | readonly string[] | readonly boolean[];

export interface GgufTensor {
  name: string;
  /** ggml's name of the storage type, for example `F32` or `Q4_K`. */
  type: string;
  /** Sizes with the fastest-running one first, as ggml writes them: a matrix of R rows and C columns is `[C, R]`. */
  shape: number[];
  /** From the start of the file, in bytes. */
  offset: number;
  byteLength: number;
}

/** The header of a GGUF file, checked against the size of the file. Tensor data is not read. */
export interface GgufFile {
  path: string;
  /** In bytes. */
  fileSize: number;
  /** When the file was last modified, in nanoseconds since 1970. */
  modifiedNs?: bigint;
  /** When the system last noted a change of it: unlike `modifiedNs`, copying does not set it. */
  changedNs?: bigint;
  version: number;
  /** Tensor data starts at multiples of it. */
  alignment: number;
  /** Where tensor data begins, in bytes from the start of the file. */
  dataOffset: number;
  metadata: Map<string, GgufValue>;
  /** How each value of `metadata` was stored; `ARRAY<T>` for arrays. */
  metadataTypes: Map<string, string>;
  tensors: Map<string, GgufTensor>;
}
