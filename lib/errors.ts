/**
 * Every failure that a caller can meet, by name. The code is the stable part of an error: messages may be reworded.
 */
export type ClmbrErrorCode =
  /** An option or argument has the wrong type or value. */
  | 'INVALID_ARGUMENT'
  /** A patient or an event does not have the documented form. */
  | 'INVALID_INPUT'
  /** A file does not exist or cannot be read. */
  | 'FILE_UNREADABLE'
  /** The file is something else altogether (an HTML page, a Git LFS pointer, a pickle, nothing at all). */
  | 'NOT_A_MODEL'
  /** The file claims to be GGUF and breaks the format or contradicts itself. */
  | 'INVALID_GGUF'
  /** The file claims to be safetensors (or its index) and breaks the format or contradicts itself. */
  | 'INVALID_SAFETENSORS'
  /** config.json is not usable. */
  | 'INVALID_CONFIG'
  /** tokenizer_config.json (or the vocabulary in a GGUF) is not usable. */
  | 'INVALID_VOCABULARY'
  /** The checkpoint needs mathematics that this package does not implement. */
  | 'UNSUPPORTED_MODEL'
  /** The model carries no vocabulary, so it works on token ids alone. */
  | 'NO_VOCABULARY'
  /** The content of a file does not have the digest that was asked for. */
  | 'DIGEST_MISMATCH'
  /** Too few events map to the vocabulary; see `minCoverage`. */
  | 'LOW_COVERAGE'
  /** Computing in int8 moves a vector further than `minCosine` allows. */
  | 'LOW_ACCURACY'
  /** A timeline is longer than the context and `overflow: 'error'` was asked for. */
  | 'CONTEXT_OVERFLOW'
  /** Memory for the model or for a batch could not be had. */
  | 'OUT_OF_MEMORY'
  /** The output exists already and overwriting was not asked for. */
  | 'TARGET_EXISTS'
  /** Writing the output failed; nothing was left at its path. */
  | 'WRITE_FAILED'
  /** A run that was not finished is there, which can be resumed or begun again, or one that another process is working on. */
  | 'RUN_EXISTS'
  /** The run that is to be resumed was begun with other settings or data. */
  | 'RUN_MISMATCH'
  /** What an unfinished run left behind is not what it wrote. */
  | 'RUN_DAMAGED'
  /** The files are not the shards of one run, each of them once. */
  | 'SHARD_MISMATCH'
  /** The native addon is missing or cannot be loaded. */
  | 'ADDON_UNAVAILABLE'
  /** The device asked for is not there or failed. */
  | 'DEVICE_UNAVAILABLE'
  /** The model was disposed. */
  | 'DISPOSED'
  /** A defect of this package. */
  | 'INTERNAL';

/** Everything that ends a line, moves a cursor or turns text round: names in files and of files are written by anybody. */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * The only error class that this package throws on purpose. `code` says which kind of failure it is, `details` holds the
 * numbers and names that the message mentions. Messages are one line, and never contain values of patients' events.
 */
export class ClmbrError extends Error {
  readonly code: ClmbrErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: ClmbrErrorCode,
    message: string,
    options: { cause?: unknown; details?: Record<string, unknown> } = {},
  ) {
    super(message.replace(unprintable, escaped), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  // On the prototype, so that `error.name` holds for copies of the package too and does not show as an own property.
  static {
    Object.defineProperty(this.prototype, 'name', { value: 'ClmbrError', configurable: true, writable: true });
  }
}
