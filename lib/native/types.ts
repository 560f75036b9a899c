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
  threads: number;
  /** Instruction set of the kernels; '' for the best. */
  kernels: string;
  hyperparameters: Omit<LlamaHyperparameters, 'rope' | 'bosId' | 'eosId'> & { inverseFrequencies: Float32Array };
  tensors: readonly CheckedTensor[];
}

export type NativePooling = 'last' | 'mean' | 'max';
export type NativeRepresentation = 'hidden' | 'logits' | 'top';

/** Where results are written. `ids` is used by 'top' only and has the length of `values`. */
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
  /** Entries of 'top'; 0 otherwise. */
  top: number;
  destinations: readonly NativeDestination[];
}

export interface NativeModel {
  /** One call at a time. Rejects with an error that has a `code`; 'ABORTED' when the job was cancelled. */
  run(batch: NativeBatch, job: NativeJob): Promise<void>;
  /** Frees the model once no work uses it. */
  dispose(): void;
  readonly info: { kernels: string; threads: number; weightBytes: number };
}

export interface NativeAddon {
  Job: new () => NativeJob;
  Model: { load(description: NativeDescription, job: NativeJob): Promise<NativeModel> };
  system(): { ggml: string; kernels: string[] };
  /** Cancels everything that this environment has under way and waits for its threads; its promises never settle. */
  stop(): void;
}
