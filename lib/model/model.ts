import type { CheckedModel } from '../architecture/index.ts';
import type { NativeJob, NativeModel } from '../native/index.ts';
import { invalidArgument } from '../options.ts';
import { BatchQueue, disposed } from '../scheduler/index.ts';
import type { ClmbrTokenizer } from '../tokenizer/index.ts';
import type { Patient, WeightType } from '../types.ts';
import { computeType } from './compute-type.ts';
import type { ComputeType } from './compute-type.ts';
import { embedPatients } from './embed.ts';
import type { EmbedResult } from './embed.ts';
import { checkIterable, streamEmbeddings } from './embed-stream.ts';
import { evaluatePatients } from './evaluate.ts';
import type { EvaluateResult } from './evaluate.ts';
import { checkEvaluateOptions } from './evaluate-options.ts';
import type { EvaluateOptions } from './evaluate-options.ts';
import { generateFutures } from './generate.ts';
import type { Future } from './generate-future.ts';
import { checkGenerateOptions } from './generate-options.ts';
import type { GenerateOptions } from './generate-options.ts';
import { checkEmbedOptions } from './options.ts';
import type { EmbedOptions } from './options.ts';
import { estimateRisk } from './risk.ts';
import type { RiskResult } from './risk.ts';
import { checkRiskOptions } from './risk-options.ts';
import type { RiskOptions } from './risk-options.ts';
import { checkPatients } from './session.ts';
import type { Session } from './session.ts';
import type { SelectionContext } from './token-selection.ts';

/** What a loaded model is. */
export interface ModelInfo {
  path: string;
  architecture: 'llama';
  /** From the file's metadata, where it states them. */
  name?: string;
  license?: string;
  source?: string;
  /** Number of weights. */
  parameters: number;
  /** Longest timeline in tokens. */
  contextLength: number;
  hiddenSize: number;
  layerCount: number;
  headCount: number;
  kvHeadCount: number;
  headSize: number;
  feedForwardSize: number;
  vocabularySize: number;
  /** How the weights are stored. */
  weightType: WeightType;
  /** `cpu`, `cpu-reference`, or a GPU: `cuda:0`. */
  device: string;
  /** How products are computed: on the processor as `loadModel` was asked, `f32` or `int8`; GPUs round their operands to a faster type. */
  compute: ComputeType;
  /** Who attends: `kernel` is this package's own, the others are the device's. */
  attention: 'kernel' | 'flash' | 'softmax';
  /** Instruction set of the kernels: avx512, avx2, neon or scalar. */
  kernels: string;
  threads: number;
  /** Memory that the weights take. */
  bytes: number;
}

/** A model in the addon, and what makes jobs for it. */
export interface LoadedNative {
  native: NativeModel;
  createJob: () => NativeJob;
}

/**
 * A loaded model. Calls may overlap: they share the passes through the network. On the processor results do not depend on what else runs, on
 * the order of the patients, on `threads` or on `maxBatchTokens`, to the last bit; on a GPU within its rounding.
 *
 * The released CLMBR models are for research only; nothing here is a medical device.
 */
export class ClmbrModel {
  readonly info: Readonly<ModelInfo>;
  /** The vocabulary of the model; null when it has none and takes token ids only. */
  readonly tokenizer: ClmbrTokenizer | null;
  readonly #native: NativeModel;
  readonly #session: Session;
  #disposing: Promise<void> | undefined;

  /** @internal Use `loadModel`. */
  constructor(
    { native, createJob }: LoadedNative,
    model: CheckedModel,
    tokenizer: ClmbrTokenizer | null,
    maxBatchTokens: number,
    compute: 'f32' | 'int8',
  ) {
    this.#native = native;
    this.tokenizer = tokenizer;
    this.#session = { model, tokenizer, queue: new BatchQueue(native, createJob, maxBatchTokens), open: new Set() };
    this.info = Object.freeze(infoOf(native, model, compute));
  }

  /**
   * Vectors of patients, one row for each patient or, with label times, for each of its label times.
   *
   * By default as in EHRSHOT's evaluation: the hidden state of the last token after the final norm, from the last `contextLength` tokens.
   *
   * @throws ClmbrError INVALID_ARGUMENT, INVALID_INPUT, NO_VOCABULARY, LOW_COVERAGE, CONTEXT_OVERFLOW, OUT_OF_MEMORY, DISPOSED
   */
  async embed(patients: readonly Patient[], options?: EmbedOptions): Promise<EmbedResult> {
    this.#assertUsable();
    return embedPatients(this.#session, checkPatients(patients), checkEmbedOptions(options));
  }

  /**
   * Vectors of any number of patients: chunks of rows in input order, with bounded memory. Patients are read no faster than the chunks are
   * taken. `at` is read from the patients.
   *
   * @throws INVALID_ARGUMENT and DISPOSED at once, all else as `embed` from the iterator
   */
  embedStream(
    patients: AsyncIterable<Patient> | Iterable<Patient>,
    options?: Omit<EmbedOptions, 'at'>,
  ): AsyncGenerator<EmbedResult, void, undefined> {
    this.#assertUsable();
    const checked = checkEmbedOptions(options);
    if (checked.at !== undefined) throw invalidArgument('at', 'label times on the patients of a stream', checked.at);
    return streamEmbeddings(this.#session, checkIterable(patients), checked);
  }

  /**
   * What the model makes of patients: the most probable next events at each of their label times, the probability that the next event is
   * one of a set (`targets`), how surprising each event of a timeline was (`surprisal`), and how well the model foresees whole timelines
   * (`perplexity`). Without options the ten most probable next events.
   *
   * @throws as `embed`
   */
  async evaluate(patients: readonly Patient[], options?: EvaluateOptions): Promise<EvaluateResult> {
    this.#assertUsable();
    const checked = checkEvaluateOptions(options, this.#session);
    return evaluatePatients(this.#session, checkPatients(patients), checked);
  }

  /**
   * Simulates futures of a patient: an async iterator that gives each one as soon as it has ended. The history is computed once, whatever
   * the number of samples. Leaving the loop, aborting and disposing of the model free everything.
   *
   * The history is the last `contextLength - maxEvents` tokens (where that is nothing, three quarters of the context). Events are drawn in
   * the order and meaning of transformers' generate: forbid, temperature, topK, topP.
   *
   * What a future is: a run of events that the model finds likely, one by one. Released CLMBR models have no time tokens, so it says in
   * which order events come and not when; their model card calls generation untested, and they are for research only.
   *
   * @throws ClmbrError INVALID_ARGUMENT, NO_VOCABULARY and DISPOSED at once; from the iterator INVALID_INPUT (no event known, so nothing to
   * go on from), LOW_COVERAGE, OUT_OF_MEMORY, DISPOSED
   */
  generate(patient: Patient, options?: GenerateOptions): AsyncGenerator<Future, void, undefined> {
    this.#assertUsable();
    return generateFutures(this.#session, patient, checkGenerateOptions(options, this.#selection));
  }

  /**
   * The probability that an outcome occurs among a patient's next `horizon` events, from simulated futures, with its standard error and a
   * 95 % interval. Always of the model as it is: no temperature, no topK, no topP.
   *
   * A horizon counts events: released CLMBR models have no time tokens, so it cannot be days or years. The interval says how far the number
   * may lie from what infinitely many samples of this model would give. It says nothing of how far the model lies from the truth: the model
   * card calls generation untested, no risk of it is calibrated, and it is for research only.
   *
   * @throws ClmbrError INVALID_ARGUMENT, NO_VOCABULARY, INVALID_INPUT, LOW_COVERAGE, OUT_OF_MEMORY, DISPOSED
   */
  async risk(patient: Patient, options: RiskOptions): Promise<RiskResult> {
    this.#assertUsable();
    return estimateRisk(this.#session, patient, checkRiskOptions(options, this.#selection));
  }

  /**
   * Ends all calls that are under way with DISPOSED, waits until no thread uses the model any more, and frees it. May be called again.
   */
  dispose(): Promise<void> {
    this.#disposing ??= this.#session.queue.close().then(() => {
      for (const held of this.#session.open) held.deref()?.dispose();
      this.#native.dispose();
    });
    return this.#disposing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  get #selection(): SelectionContext {
    const { vocabularySize, contextLength } = this.info;
    return { tokenizer: this.tokenizer, vocabularySize, contextLength };
  }

  #assertUsable(): void {
    if (this.#disposing !== undefined) throw disposed();
  }
}

function infoOf(
  native: NativeModel,
  { file, hyperparameters: h, metadata, weightType, parameters }: CheckedModel,
  compute: 'f32' | 'int8',
): ModelInfo {
  const { device, kernels, attention, threads, weightBytes } = native.info;
  return {
    path: file.path,
    architecture: 'llama',
    ...metadata,
    parameters,
    contextLength: h.contextLength,
    hiddenSize: h.hiddenSize,
    layerCount: h.layerCount,
    headCount: h.headCount,
    kvHeadCount: h.kvHeadCount,
    headSize: h.headSize,
    feedForwardSize: h.feedForwardSize,
    vocabularySize: h.vocabularySize,
    weightType,
    device,
    compute: compute === 'int8' ? 'int8' : computeType(device, weightType),
    attention,
    kernels,
    threads,
    bytes: weightBytes,
  };
}
