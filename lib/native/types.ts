/** The addon as JavaScript sees it. Only this folder names its types. */
import type { CheckedTensor, LlamaHyperparameters } from '../architecture/index.ts';

/** Cancels work and tells how far it is. One for each piece of work. */
export interface NativeJob {
  cancel(): void;
  /** Bytes of weights loaded so far. */
  readonly bytes: number;
}

export interface NativeDescription {
  path: string;
  /** Models with equal keys share one copy of the weights. */
  key: string;
  fileSize: number;
  /** `int8`: weights and activations are quantised; on 'cpu' only. */
  compute: 'f32' | 'int8';
  threads: number;
  /** Instruction set of the kernels; '' for the best. */
  kernels: string;
  /** As `NativeSystem.devices` names it, 'cpu' or 'cpu-reference'. */
  device: string;
  /** How a device other than 'cpu' attends; '' for flash attention where the device has it. */
  attention: '' | 'flash' | 'softmax';
  /** Bytes that one batch on such a device may take; for tests. */
  memoryLimit?: number;
  hyperparameters: Omit<LlamaHyperparameters, 'rope' | 'bosId' | 'eosId'> & { inverseFrequencies: Float32Array };
  tensors: readonly CheckedTensor[];
}

export type NativePooling = 'last' | 'mean' | 'max';
/**
 * `next`: log-probabilities of the `top` most probable tokens (their ids in `ids`), then of each target set. `score`: log-probability of
 * the token that follows the output's last one, which must be in the same sequence; `ids`: its rank (1 is the most probable) and the most
 * probable token.
 */
export type NativeRepresentation = 'hidden' | 'logits' | 'next' | 'score';

/** Where results are written. `ids`: `top` numbers a row for `next`, two for `score`. */
export interface NativeDestination {
  values: Float32Array;
  ids?: Int32Array;
}

export interface NativeBatch {
  tokens: Int32Array;
  /** Tokens of each sequence. */
  lengths: Int32Array;
  /** Four numbers an output: first token in the batch, end, index of the destination, row in it. Ascending by first token, then end. */
  outputs: Int32Array;
  pooling: NativePooling;
  representation: NativeRepresentation;
  /** Entries of `next`; 0 otherwise. */
  top: number;
  /** Sets of token ids for `next`, one after the other, and where each ends. */
  targets: Int32Array;
  targetEnds: Int32Array;
  destinations: readonly NativeDestination[];
}

/** A history and the samples that continue it. */
export interface NativeGeneration {
  /** Memory of keys and values. */
  readonly bytes: number;
  /** Frees one sample; not while a step runs. */
  release(sample: number): void;
  /** Takes a sample back to the end of the history, for another to use its memory; not while a step runs. */
  rewind(sample: number): void;
  dispose(): void;
}

export interface NativeSampler {
  /** 0: the most probable event. */
  temperature: number;
  /** 0: off. */
  topK: number;
  /** 1: off. */
  topP: number;
  /** Ids that are never drawn. */
  forbidden: Int32Array;
  /** Ids that are not drawn before `minEvents` events were. */
  early: Int32Array;
  minEvents: number;
  /** Ids whose joint probability is reported, as the model has it before anything is forbidden. */
  target: Int32Array;
  /** Its low 64 bits count. */
  seed: bigint;
}

export interface NativeStep {
  generations: readonly NativeGeneration[];
  /**
   * Four numbers a row: index of its generation, its sample there, its last token (-1 for the first event after the history), how many
   * events were drawn for it before. Rows of one generation stand together; no sample appears twice.
   */
  rows: Int32Array;
  /** The number of each row's sample for the random generator. */
  samples: Int32Array;
  sampler: NativeSampler;
}

export interface NativeDraws {
  /** Token ids; -1 where everything is forbidden. */
  ids: Int32Array;
  /** Under the model itself, whatever the sampler reshaped or forbade. */
  logProbs: Float32Array;
  targets: Float32Array;
}

export interface NativeModel {
  /** A call waits for the one before it; no other method may run beside it. Rejects with an error that has a `code`; 'ABORTED' when the job was cancelled. */
  run(batch: NativeBatch, job: NativeJob): Promise<void>;
  /** Computes a history of 1 to contextLength tokens, for so many samples with room for `capacity` further events each. */
  prefill(
    request: { tokens: Int32Array; samples: number; capacity: number },
    job: NativeJob,
  ): Promise<NativeGeneration>;
  /** Appends each row's last token and draws its next event. On failure nothing was appended. */
  step(step: NativeStep, job: NativeJob): Promise<NativeDraws>;
  /** Frees the model once no work uses it. */
  dispose(): void;
  readonly info: {
    device: string;
    kernels: string;
    attention: 'kernel' | 'flash' | 'softmax';
    threads: number;
    weightBytes: number;
  };
}

/** What the addon was built with, and what it finds. */
export interface NativeSystem {
  ggml: string;
  /** Instruction sets that this processor has kernels for, the best first. */
  kernels: string[];
  /** Kinds of GPU that it was built for. */
  backends: string[];
  /** GPUs. Memory in bytes. */
  devices: { name: string; backend: string; description: string; memoryFree: number; memoryTotal: number }[];
}

export interface NativeAddon {
  Job: new () => NativeJob;
  Model: { load(description: NativeDescription, job: NativeJob): Promise<NativeModel> };
  system(): NativeSystem;
  /** Cancels everything that this environment has under way and waits for its threads; its promises never settle. */
  stop(): void;
}
