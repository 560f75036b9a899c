import type { Readable } from 'node:stream';
import { ClmbrError } from '../errors.ts';
import { unreadable } from '../files/input-file.ts';
import { parsePythonJson } from '../json.ts';
import {
  checkFunction,
  checkInteger,
  checkMethods,
  checkOptions,
  checkSignal,
  checkString,
  optional,
} from '../options.ts';
import type { PatientRecord, TokenRecord } from '../types.ts';
import { exactId } from './big-id.ts';
import { readLines } from './lines.ts';
import { toPatient } from './record.ts';
import { openSource } from './source.ts';

/** Longest line in bytes: one patient with some millions of events. A JavaScript string could not hold much more. */
export const maxPatientLineBytes = 500_000_000;

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const compressed = [
  [0x1f, 0x8b],
  [0x28, 0xb5, 0x2f, 0xfd],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a, 0x58],
  [0x50, 0x4b, 0x03, 0x04],
].map((bytes) => Buffer.from(bytes));

export interface ReadPatientsOptions {
  /** Stops reading and rejects with its reason. */
  signal?: AbortSignal | undefined;
  /** What messages call a stream. Default `input`; a file goes by its path. */
  name?: string | undefined;
  /** Told of every piece of input with its length in bytes. */
  onBytes?: ((bytes: number) => void) | undefined;
  /** Longest line in bytes. Default {@link maxPatientLineBytes}. */
  maxLineBytes?: number | undefined;
  /** Told of every line that is no patient, which is then passed over. Without it such a line is an error. */
  onBadLine?: ((error: ClmbrError) => void) | undefined;
}

/**
 * Reads patients as JSON Lines, one at a time: `{"id", "events": [{"code", "value", "unit", "start", "end", "omopTable"}], "at": [times]}` or
 * `{"id", "ids": [token ids]}` a line. Every key but `code` and one of `events` and `ids` may be absent or null; times are ISO 8601 strings or
 * whole microseconds since 1970 (UTC); values may be `NaN` or `Infinity`, as Python writes them. Whole numbers beyond 2^53 under `id` become a
 * bigint. Empty lines are skipped. Memory is bounded by the longest line.
 *
 * @param source path of a file or named pipe, or a stream of bytes
 * @throws ClmbrError `INVALID_INPUT` that names source, line and key, and never a value; `FILE_UNREADABLE`; rejects with `signal.reason` when
 *   aborted
 */
export async function* readPatientsJsonl(
  source: string | Readable,
  given: ReadPatientsOptions = {},
): AsyncGenerator<PatientRecord | TokenRecord, void, undefined> {
  if (typeof source !== 'string') checkMethods(source, 'source', 'a path or a stream', Symbol.asyncIterator);
  const options = checkReadPatients(given);
  const { signal } = options;
  signal?.throwIfAborted();
  const name = typeof source === 'string' ? source : (options.name ?? 'input');
  const stream = typeof source === 'string' ? await openSource(source) : source;
  const stop = () => stream.destroy(new Error('stopped'));
  signal?.addEventListener('abort', stop, { once: true });
  try {
    yield* readPatients(stream, name, options);
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof ClmbrError ? error : unreadable(name, error);
  } finally {
    signal?.removeEventListener('abort', stop);
    stream.destroy();
  }
}

function checkReadPatients(given: ReadPatientsOptions): ReadPatientsOptions {
  const options = checkOptions<ReadPatientsOptions>(given, 'options', [
    'signal',
    'name',
    'onBytes',
    'maxLineBytes',
    'onBadLine',
  ]);
  optional(options.signal, undefined, (value) => checkSignal(value, 'signal'));
  optional(options.name, undefined, (value) => checkString(value, 'name'));
  optional(options.onBytes, undefined, (value) => checkFunction(value, 'onBytes'));
  optional(options.onBadLine, undefined, (value) => checkFunction(value, 'onBadLine'));
  optional(options.maxLineBytes, undefined, (value) => checkInteger(value, 'maxLineBytes', 1, maxPatientLineBytes));
  return options;
}

async function* readPatients(
  stream: Readable,
  name: string,
  { signal, onBytes, maxLineBytes = maxPatientLineBytes, onBadLine }: ReadPatientsOptions,
): AsyncGenerator<PatientRecord | TokenRecord, void, undefined> {
  const tooLong = (line: number) =>
    new ClmbrError(
      'INVALID_INPUT',
      `${name}:${line}: expected a line of at most ${maxLineBytes} bytes, found a longer one.`,
    );
  for await (const { number, bytes } of readLines(stream, { maxLineBytes, onBytes, tooLong })) {
    signal?.throwIfAborted();
    const where = `${name}:${number}`;
    const content = number === 1 ? withoutMark(bytes, where) : bytes;
    let patient: PatientRecord | TokenRecord | undefined;
    try {
      patient = readPatient(content, where);
    } catch (error) {
      if (onBadLine === undefined || !(error instanceof ClmbrError)) throw error;
      onBadLine(error);
    }
    if (patient !== undefined) yield patient;
  }
}

/** Undefined for an empty line. */
function readPatient(bytes: Buffer, where: string): PatientRecord | TokenRecord | undefined {
  const text = decode(bytes, where);
  return text.trim() === '' ? undefined : toPatient(parse(text, where), where, () => exactId(text));
}

function withoutMark(bytes: Buffer, where: string): Buffer {
  if (compressed.some((mark) => bytes.subarray(0, mark.length).equals(mark)))
    throw new ClmbrError('INVALID_INPUT', `${where}: expected JSON Lines, found a compressed file; unpack it first.`);
  return bytes.subarray(0, 3).equals(byteOrderMark) ? bytes.subarray(3) : bytes;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Buffer, where: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    // Without a cause: it adds nothing, and its details may quote the input.
    throw new ClmbrError('INVALID_INPUT', `${where}: expected UTF-8 text, found other bytes.`);
  }
}

function parse(text: string, where: string): unknown {
  try {
    return parsePythonJson(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new ClmbrError('INVALID_INPUT', `${where}: expected one JSON object on the line: ${cause.message}.`);
  }
}
