import { availableParallelism } from 'node:os';
import { isDeviceName } from '../native/index.ts';
import type { DeviceName } from '../native/index.ts';
import {
  checkChoice,
  checkFunction,
  checkInteger,
  checkNumber,
  checkOptions,
  checkSignal,
  checkString,
  invalidArgument,
  isInstance,
  optional,
} from '../options.ts';
import { ClmbrTokenizer } from '../tokenizer/index.ts';
import type { Patient } from '../types.ts';
import { checkPatients } from './session.ts';

export interface LoadProgress {
  /** Bytes of weights read and packed so far, and in all. */
  bytes: number;
  totalBytes: number;
}

export interface LoadOptions {
  /** Where the model computes. `auto` (default) is the first GPU that the addon can drive, else the processor. */
  device?: DeviceName;
  /**
   * `f32` (default), or `int8`: weights and activations rounded to 8 bits in groups of 64, on the processor only, faster and in less memory
   * at a loss that `minCosine` bounds.
   */
  compute?: 'f32' | 'int8';
  /**
   * For `int8`: refuse (LOW_ACCURACY) when the vector of any calibration timeline has a lower cosine similarity to its F32 vector. Loading
   * then computes both, and holds the weights of both meanwhile.
   */
  minCosine?: number;
  /** For `minCosine`: patients to compare. Default: timelines drawn evenly from the vocabulary, which real ones are not like. */
  calibration?: readonly Patient[];
  /** Threads that compute. Default: the parallelism that the operating system reports. */
  threads?: number;
  /** Tokens of one pass through the network, which bounds memory. A longer timeline runs alone. Default 2048, on a GPU 16384. */
  maxBatchTokens?: number;
  /** A vocabulary for a GGUF that carries none: a path of a tokenizer_config.json or GGUF, or a loaded one. */
  tokenizer?: string | ClmbrTokenizer;
  /** The SHA-256 that the file must have, in hexadecimal. */
  sha256?: string;
  /** Aborting rejects with `signal.reason`. */
  signal?: AbortSignal;
  onProgress?: (progress: LoadProgress) => void;
}

const loadOptions = [
  'device',
  'compute',
  'minCosine',
  'calibration',
  'threads',
  'maxBatchTokens',
  'tokenizer',
  'sha256',
  'signal',
  'onProgress',
] as const;

export function checkLoadOptions(given: LoadOptions | undefined) {
  const options = checkOptions<LoadOptions>(given, 'options', loadOptions);
  const { tokenizer, sha256 } = options;
  if (tokenizer !== undefined && typeof tokenizer !== 'string' && !isInstance(tokenizer, ClmbrTokenizer)) {
    throw invalidArgument('tokenizer', 'a path or a ClmbrTokenizer', tokenizer);
  }
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/i.test(checkString(sha256, 'sha256'))) {
    throw invalidArgument('sha256', '64 hexadecimal digits', sha256);
  }
  return {
    device: optional(options.device, 'auto' as const, checkDevice),
    ...checkInt8Options(options),
    threads: optional(options.threads, Math.min(availableParallelism(), 256), (v) =>
      checkInteger(v, 'threads', 1, 256),
    ),
    maxBatchTokens: optional(options.maxBatchTokens, undefined, (v) => checkInteger(v, 'maxBatchTokens', 1, 1 << 20)),
    tokenizer,
    sha256: sha256?.toLowerCase(),
    signal: optional(options.signal, undefined, (v) => checkSignal(v, 'signal')),
    onProgress: optional(options.onProgress, undefined, (v) =>
      checkFunction<(progress: LoadProgress) => void>(v, 'onProgress'),
    ),
  };
}

function checkDevice(value: unknown): DeviceName {
  if (isDeviceName(value)) return value;
  const expected = "'auto', 'cpu', 'cpu-reference', 'cuda', 'metal', 'vulkan', or one of several as in 'cuda:1'";
  throw invalidArgument('device', expected, value);
}

function checkInt8Options({ compute: given, minCosine, calibration }: LoadOptions) {
  const compute = optional(given, 'f32', (v) => checkChoice(v, 'compute', ['f32', 'int8'] as const));
  if (minCosine !== undefined) {
    checkNumber(minCosine, 'minCosine', -1, 1);
    if (compute !== 'int8') throw invalidArgument('minCosine', "compute: 'int8', which it is for", minCosine);
  }
  // A copy: patients that go away while the model loads must not be a comparison of nothing.
  const patients = optional(calibration, undefined, (v) => checkPatients(v, 'calibration'));
  if (patients !== undefined) {
    if (minCosine === undefined) throw invalidArgument('calibration', 'minCosine, which it is for', patients);
    if (patients.length === 0) throw invalidArgument('calibration', 'at least one patient', patients);
  }
  return { compute, minCosine, calibration: patients };
}

export type CheckedLoadOptions = ReturnType<typeof checkLoadOptions>;
