/**
 * Rows of some consecutive patients in a file that appears only when it is complete: records, then what is said of them as JSON, the length of
 * that (4 bytes), and the SHA-256 of everything before (32 bytes).
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { ClmbrError } from '../errors.ts';
import { AtomicFile } from '../files/atomic-write.ts';
import { InputFile } from '../files/input-file.ts';
import type { Json } from '../output/metadata.ts';
import { encodeRecords, recordLength, recordPosition } from '../output/record.ts';
import type { RecordPlace } from '../output/record.ts';
import type { OutputRows } from '../output/rows.ts';
import { addRows, emptySummary } from '../output/summary.ts';
import type { RowSummary } from '../output/summary.ts';

/** What a chunk says of itself. */
export interface ChunkFacts {
  /** Its number in the run, from 0. */
  chunk: number;
  /** Digest of the run that it belongs to. */
  run: string;
  /** Patients of the run before it, and its own. */
  firstPatient: number;
  patients: number;
  summary: RowSummary;
  /** Whatever the caller counts. */
  state: Json;
  /** Whether there are no patients after it. */
  isLast: boolean;
}

const digestBytes = 32;
const lengthBytes = 4;
const readBytes = 1024 * 1024;

export function chunkName(chunk: number): string {
  return `${String(chunk).padStart(8, '0')}.chunk`;
}

/** Writes a chunk. Either {@link commit} or {@link discard} must be called at the end. */
export class ChunkWriter {
  readonly #file: AtomicFile;
  readonly #hash = createHash('sha256');
  readonly #summary = emptySummary();

  private constructor(file: AtomicFile) {
    this.#file = file;
  }

  /** @throws ClmbrError `TARGET_EXISTS` when somebody else works on the same run, `WRITE_FAILED` */
  static async create(folder: string, chunk: number): Promise<ChunkWriter> {
    return new ChunkWriter(await AtomicFile.create(join(folder, chunkName(chunk)), { access: 'private' }));
  }

  get rows(): number {
    return this.#summary.rows;
  }

  async append(rows: OutputRows, positions: readonly number[]): Promise<void> {
    for (const { bytes } of encodeRecords(rows, positions)) await this.#write(bytes);
    addRows(this.#summary, rows);
  }

  async commit(facts: Omit<ChunkFacts, 'summary'>): Promise<ChunkFacts> {
    const complete = { ...facts, summary: this.#summary };
    const text = Buffer.from(JSON.stringify(complete));
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt32LE(text.length);
    await this.#write(text);
    await this.#write(length);
    await this.#file.write(this.#hash.digest());
    await this.#file.commit();
    return complete;
  }

  discard(): Promise<void> {
    return this.#file.discard();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    await this.#file.write(bytes);
  }
}

/**
 * Reads a chunk from its first to its last byte.
 *
 * @param onPlaces told where its rows lie
 * @throws ClmbrError `RUN_DAMAGED` when it is not what was written, `FILE_UNREADABLE`
 */
export async function scanChunk(path: string, onPlaces: (places: RecordPlace[]) => void): Promise<ChunkFacts> {
  const file = await InputFile.open(path);
  try {
    const { facts, recordBytes } = await readFacts(file);
    const hash = createHash('sha256');
    let pending = Buffer.alloc(0);
    for (let at = 0; at < file.size - digestBytes; ) {
      const piece = Buffer.alloc(Math.min(readBytes, file.size - digestBytes - at));
      await file.read(piece, at);
      hash.update(piece);
      const records = piece.subarray(0, Math.max(0, recordBytes - at));
      const first = at - pending.length;
      pending = pending.length === 0 ? records : Buffer.concat([pending, records]);
      const places = placesOf(pending, first);
      const last = places.at(-1);
      if (last !== undefined) pending = pending.subarray(last.offset + last.length - first);
      onPlaces(places);
      at += piece.length;
    }
    const expected = Buffer.alloc(digestBytes);
    await file.read(expected, file.size - digestBytes);
    if (!isFacts(facts) || pending.length > 0 || !hash.digest().equals(expected)) throw damaged(path);
    return facts;
  } finally {
    await file.close();
  }
}

function isFacts(value: unknown): value is ChunkFacts {
  const facts = value as Partial<ChunkFacts> | null | undefined;
  const isCount = (count: unknown): boolean => Number.isSafeInteger(count) && (count as number) >= 0;
  const { rows, dimensions, integerIds, idWidth, missingLabels, labelWidth } = facts?.summary ?? ({} as RowSummary);
  return (
    [facts?.chunk, facts?.firstPatient, facts?.patients, rows, idWidth, missingLabels, labelWidth].every(isCount) &&
    (dimensions === null || isCount(dimensions)) &&
    typeof integerIds === 'boolean' &&
    typeof facts?.isLast === 'boolean' &&
    facts.state !== undefined
  );
}

/** Undefined where there are none: what the digest says of it is asked later. */
async function readFacts(file: InputFile): Promise<{ facts: unknown; recordBytes: number }> {
  const end = file.size - digestBytes - lengthBytes;
  if (end < 0) throw damaged(file.path);
  const length = Buffer.alloc(lengthBytes);
  await file.read(length, end);
  const recordBytes = end - length.readUInt32LE();
  if (recordBytes < 0) throw damaged(file.path);
  const text = Buffer.alloc(end - recordBytes);
  await file.read(text, recordBytes);
  try {
    return { facts: JSON.parse(text.toString()) as unknown, recordBytes };
  } catch {
    return { facts: undefined, recordBytes };
  }
}

/** Whole records among the bytes, whose first one lies at `first`. */
function placesOf(bytes: Buffer, first: number): RecordPlace[] {
  const places: RecordPlace[] = [];
  for (let at = 0; ; ) {
    const rest = bytes.subarray(at);
    const length = recordLength(rest);
    if (length === undefined || length > rest.length) return places;
    places.push({ position: recordPosition(rest), offset: first + at, length });
    at += length;
  }
}

export function damaged(path: string): ClmbrError {
  return new ClmbrError(
    'RUN_DAMAGED',
    `${path} is not what the run wrote; begin the run again (--restart), for its results cannot be trusted.`,
    { details: { path } },
  );
}
