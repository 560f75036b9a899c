import { realpath, stat } from 'node:fs/promises';
import { checkLlamaGguf, inverseFrequencies } from '../architecture/index.ts';
import type { CheckedModel } from '../architecture/index.ts';
import { ClmbrError } from '../errors.ts';
import { sha256OfOpenFile } from '../files/digest.ts';
import { InputFile, unreadable } from '../files/input-file.ts';
import { openGguf } from '../gguf/reader.ts';
import { chooseDevice, fromNative, isAbort } from '../native/index.ts';
import type { DeviceName, NativeDescription, NativeJob, NativeModel } from '../native/index.ts';
import { checkString } from '../options.ts';
import { ClmbrTokenizer, vocabularyFromTables } from '../tokenizer/index.ts';
import { assertCosine } from './calibration.ts';
import { checkLoadOptions } from './load-options.ts';
import type { CheckedLoadOptions, LoadOptions, LoadProgress } from './load-options.ts';
import { ClmbrModel } from './model.ts';
import type { LoadedNative } from './model.ts';

export type { LoadOptions, LoadProgress };

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
  if (checked.sha256 !== undefined) await checkDigest(model, checked.sha256, signal);
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

async function checkDigest(model: CheckedModel, expected: string, signal: AbortSignal | undefined): Promise<void> {
  const { path } = model.file;
  const file = await InputFile.open(path);
  let found: string;
  try {
    if (!isSame(model, file)) throw changed(path);
    found = await sha256OfOpenFile(file, { signal });
  } finally {
    await file.close();
  }
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
  const createJob = (): NativeJob => {
    try {
      return new addon.Job();
    } catch (error) {
      throw fromNative(error);
    }
  };
  const job = createJob();
  const { signal, onProgress } = options;
  const cancel = (): void => job.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  const report = onProgress === undefined ? undefined : watchProgress(model, job, onProgress);
  let native: NativeModel | undefined;
  try {
    native = await addon.Model.load(await describe(model, options, device), job);
    report?.finish();
    report?.rethrow();
    await assertUnchanged(model);
    return { native, createJob };
  } catch (error) {
    native?.dispose();
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

/**
 * What was packed must be what was checked and digested: a file that was replaced meanwhile may have the same size and time, and may have been put
 * back since.
 */
async function assertUnchanged(model: CheckedModel): Promise<void> {
  const { path } = model.file;
  const { size, mtimeNs: modifiedNs, ctimeNs: changedNs } = await asked(path, stat(path, { bigint: true }));
  if (!isSame(model, { size: Number(size), modifiedNs, changedNs })) throw changed(path);
}

function isSame({ file }: CheckedModel, found: { size: number; modifiedNs: bigint; changedNs: bigint }): boolean {
  return found.size === file.size && found.modifiedNs === file.modifiedNs && found.changedNs === file.changedNs;
}

function changed(path: string): ClmbrError {
  return new ClmbrError('FILE_UNREADABLE', `${path}: the file changed while it was loaded; load it again.`);
}

/** A file that is gone meanwhile is one that cannot be read. */
function asked<T>(path: string, answer: Promise<T>): Promise<T> {
  return answer.catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
}

async function describe(
  { file, hyperparameters, tensors }: CheckedModel,
  { threads, compute }: CheckedLoadOptions,
  device: string,
): Promise<NativeDescription> {
  const path = await asked(file.path, realpath(file.path));
  return {
    path,
    key: `${path}\n${file.size}\n${file.modifiedNs}\n${file.changedNs}`,
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
