import { realpath, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { checkLlamaGguf, inverseFrequencies } from '../architecture/index.ts';
import type { CheckedModel } from '../architecture/index.ts';
import { ClmbrError } from '../errors.ts';
import { sha256OfFile } from '../files/digest.ts';
import { openGguf } from '../gguf/reader.ts';
import { chooseDevice, fromNative, isAbort, isDeviceName } from '../native/index.ts';
import type { DeviceName, NativeDescription, NativeJob, NativeModel } from '../native/index.ts';
import {
  checkChoice,
  checkFunction,
  checkInteger,
  checkNumber,
  checkOptions,
  checkSignal,
  checkString,
  invalidArgument,
  optional,
} from '../options.ts';
import { ClmbrTokenizer, vocabularyFromTables } from '../tokenizer/index.ts';
import type { Patient } from '../types.ts';
import { assertCosine } from './calibration.ts';
import { ClmbrModel } from './model.ts';
import type { LoadedNative } from './model.ts';
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

function checkLoadOptions(given: LoadOptions | undefined) {
  const options = checkOptions<LoadOptions>(given, 'options', loadOptions);
  const { tokenizer, sha256 } = options;
  if (tokenizer !== undefined && typeof tokenizer !== 'string' && !(tokenizer instanceof ClmbrTokenizer)) {
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
  if (calibration !== undefined) {
    checkPatients(calibration, 'calibration');
    if (minCosine === undefined) throw invalidArgument('calibration', 'minCosine, which it is for', calibration);
    if (calibration.length === 0) throw invalidArgument('calibration', 'at least one patient', calibration);
  }
  return { compute, minCosine, calibration };
}

type CheckedLoadOptions = ReturnType<typeof checkLoadOptions>;

/**
 * Loads a GGUF file that `convertCheckpoint` (or llama.cpp's converter) made. Loading the same unchanged file again shares its weights.
 *
 * @throws ClmbrError FILE_UNREADABLE, NOT_A_MODEL, INVALID_GGUF, UNSUPPORTED_MODEL, INVALID_VOCABULARY, DIGEST_MISMATCH, OUT_OF_MEMORY,
 *   ADDON_UNAVAILABLE, DEVICE_UNAVAILABLE, LOW_ACCURACY, INVALID_ARGUMENT
 */
export async function loadModel(path: string, options?: LoadOptions): Promise<ClmbrModel> {
  checkString(path, 'path');
  const checked = checkLoadOptions(options);
  const { signal } = checked;
  signal?.throwIfAborted();
  const model = checkLlamaGguf(await openGguf(path));
  if (checked.sha256 !== undefined) await checkDigest(path, checked.sha256, signal);
  const tokenizer = await tokenizerOf(model, checked.tokenizer);
  signal?.throwIfAborted();
  const loaded = await finishLoad(model, checked, tokenizer);
  if (checked.minCosine === undefined) return loaded;
  try {
    const reference = () => finishLoad(model, { ...checked, compute: 'f32', onProgress: undefined }, tokenizer);
    await assertCosine(loaded, reference, { ...checked, minCosine: checked.minCosine });
    return loaded;
  } catch (error) {
    await loaded.dispose();
    throw error;
  }
}

async function finishLoad(
  model: CheckedModel,
  checked: CheckedLoadOptions,
  tokenizer: ClmbrTokenizer | null,
): Promise<ClmbrModel> {
  const loaded = await loadNative(model, checked);
  const maxBatchTokens = checked.maxBatchTokens ?? (loaded.native.info.device.startsWith('cpu') ? 2048 : 16384);
  return new ClmbrModel(loaded, model, tokenizer, maxBatchTokens, checked.compute);
}

async function checkDigest(path: string, expected: string, signal: AbortSignal | undefined): Promise<void> {
  const found = await sha256OfFile(path, { signal });
  if (found === expected) return;
  throw new ClmbrError('DIGEST_MISMATCH', `${path}: expected sha256 ${expected}, found ${found}.`, {
    details: { path, expected, found },
  });
}

async function tokenizerOf(
  model: CheckedModel,
  given: string | ClmbrTokenizer | undefined,
): Promise<ClmbrTokenizer | null> {
  const { path } = model.file;
  let tokenizer: ClmbrTokenizer;
  if (typeof given === 'string') tokenizer = await ClmbrTokenizer.load(given);
  else if (given !== undefined) tokenizer = given;
  else if (model.vocabularyTables !== null)
    tokenizer = ClmbrTokenizer.fromVocabulary(vocabularyFromTables(model.vocabularyTables, path));
  else return null;
  const { vocabularySize } = model.hyperparameters;
  if (tokenizer.size > vocabularySize) {
    throw new ClmbrError(
      'INVALID_VOCABULARY',
      `${path}: expected a vocabulary of at most ${vocabularySize} tokens, found ${tokenizer.size}.`,
      {
        details: { path, expected: vocabularySize, found: tokenizer.size },
      },
    );
  }
  return tokenizer;
}

async function loadNative(model: CheckedModel, options: CheckedLoadOptions): Promise<LoadedNative> {
  const { addon, device } = chooseDevice(deviceFor(options));
  const createJob = (): NativeJob => new addon.Job();
  const job = createJob();
  const { signal, onProgress } = options;
  const cancel = (): void => job.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  const report = onProgress === undefined ? undefined : watchProgress(model, job, onProgress);
  try {
    const native = await addon.Model.load(await describe(model, options, device), job);
    report?.finish();
    report?.rethrow();
    await assertUnchanged(model, native);
    return { native, createJob };
  } catch (error) {
    report?.rethrow();
    if (isAbort(error)) signal?.throwIfAborted();
    throw fromNative(error);
  } finally {
    report?.stop();
    signal?.removeEventListener('abort', cancel);
  }
}

/** Only the kernels of this package compute in int8, so `auto` is the processor then. */
function deviceFor({ device, compute }: CheckedLoadOptions): DeviceName {
  if (compute === 'f32' || device === 'cpu') return device;
  if (device === 'auto') return 'cpu';
  throw new ClmbrError(
    'INVALID_ARGUMENT',
    `compute: expected 'f32' on the device '${device}', found 'int8': only 'cpu' has it.`,
    {
      details: { parameter: 'compute', device },
    },
  );
}

/** What was packed must be what was checked: a file that was replaced meanwhile may have the same size. */
async function assertUnchanged({ file }: CheckedModel, native: NativeModel): Promise<void> {
  const { size, mtimeNs } = await stat(file.path, { bigint: true });
  if (size === BigInt(file.size) && mtimeNs === file.modifiedNs) return;
  native.dispose();
  throw new ClmbrError('FILE_UNREADABLE', `${file.path}: the file changed while it was loaded; load it again.`);
}

async function describe(
  { file, hyperparameters, tensors }: CheckedModel,
  { threads, compute }: CheckedLoadOptions,
  device: string,
): Promise<NativeDescription> {
  const path = await realpath(file.path);
  return {
    path,
    key: `${path}\n${file.size}\n${file.modifiedNs}`,
    fileSize: file.size,
    threads,
    compute,
    kernels: process.env['CLMBR_CPU'] ?? '',
    device,
    attention: attentionOf(process.env['CLMBR_ATTENTION']),
    hyperparameters: { ...hyperparameters, inverseFrequencies: inverseFrequencies(hyperparameters) },
    tensors,
  };
}

/** For comparing devices: CLMBR_ATTENTION=softmax where a device would use flash attention. */
function attentionOf(wanted = ''): NativeDescription['attention'] {
  if (wanted === '' || wanted === 'flash' || wanted === 'softmax') return wanted;
  throw new ClmbrError(
    'INVALID_ARGUMENT',
    `CLMBR_ATTENTION: expected 'flash' or 'softmax', found '${wanted.slice(0, 40)}'.`,
  );
}

/** The addon counts bytes on its threads; JavaScript looks every now and then. An error of the caller's function ends the load. */
function watchProgress({ tensors }: CheckedModel, job: NativeJob, onProgress: (progress: LoadProgress) => void) {
  const totalBytes = tensors.reduce((sum, tensor) => sum + tensor.byteLength, 0);
  let shown = -1;
  let failure: { error: unknown } | undefined;
  const show = (bytes: number): void => {
    if (bytes === shown || failure !== undefined) return;
    shown = bytes;
    try {
      onProgress({ bytes, totalBytes });
    } catch (error) {
      failure = { error };
      job.cancel();
    }
  };
  const timer = setInterval(() => show(job.bytes), 50);
  return {
    finish: () => show(totalBytes),
    stop: () => clearInterval(timer),
    rethrow: () => {
      if (failure !== undefined) throw failure.error;
    },
  };
}
