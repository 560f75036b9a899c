/**
 * Rows as bytes of a working file: the length of what describes the row and of its vector (4 bytes each), a JSON list, and the vector as the
 * machine holds it.
 */
import { ClmbrError } from '../errors.ts';
import type { LabelValue, OutputRow, OutputRows } from './rows.ts';

const headerBytes = 8;
const pieceBytes = 1024 * 1024;

/** Where a record lies. */
export interface RecordPlace {
  /** Of its row in the output. */
  position: number;
  /** In bytes. */
  offset: number;
  length: number;
}

/** The records of some rows, in pieces of about a megabyte. Offsets count from the first piece. */
export function* encodeRecords(
  { rows, data, dimensions }: OutputRows,
  positions: readonly number[],
): Generator<{ bytes: Buffer; places: RecordPlace[] }, void, undefined> {
  let parts: Uint8Array[] = [];
  let places: RecordPlace[] = [];
  let [bytes, offset] = [0, 0];
  for (const [i, row] of rows.entries()) {
    const position = positions[i]!;
    const facts = Buffer.from(factsText(row, position));
    const vector = data.subarray(i * dimensions, (i + 1) * dimensions);
    const header = Buffer.alloc(headerBytes);
    header.writeUInt32LE(facts.length, 0);
    header.writeUInt32LE(vector.byteLength, 4);
    parts.push(header, facts, new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength));
    const length = headerBytes + facts.length + vector.byteLength;
    places.push({ position, offset, length });
    offset += length;
    bytes += length;
    if (bytes < pieceBytes && i < rows.length - 1) continue;
    yield { bytes: Buffer.concat(parts, bytes), places };
    parts = [];
    places = [];
    bytes = 0;
  }
}

export interface DecodedRecord {
  row: OutputRow;
  position: number;
  /** The vector's bytes, a view of what was decoded. */
  vector: Buffer;
}

/** @throws ClmbrError `INTERNAL` when the bytes are no record */
export function decodeRecord(bytes: Buffer): DecodedRecord {
  const end = headerBytes + bytes.readUInt32LE(0);
  const facts = JSON.parse(bytes.toString('utf8', headerBytes, end)) as Facts;
  const vector = bytes.subarray(end);
  if (!isFacts(facts) || vector.length !== bytes.readUInt32LE(4))
    throw new ClmbrError('INTERNAL', 'A working file holds something else than it was given.');
  const [position, patient, time, tokens, truncated, dropped, label] = facts;
  const row: OutputRow = {
    patient: scalarOf(patient) as OutputRow['patient'],
    time: time === null ? null : BigInt(time),
    ...{ tokens, truncated, dropped },
  };
  if (label !== undefined) row.label = label === null ? null : scalarOf(label);
  return { row, position, vector };
}

function isFacts(facts: unknown): boolean {
  if (!Array.isArray(facts)) return false;
  const [position, patient, time, tokens, truncated, dropped, label] = facts as unknown[];
  return (
    [position, tokens, dropped].every(Number.isSafeInteger) &&
    typeof truncated === 'boolean' &&
    isScalar(patient, /^(?:s|i-?\d+$|n)/s) &&
    (time === null || isScalar(time, /^-?\d+$/)) &&
    (label === undefined || label === null || isScalar(label, /^(?:s|i-?\d+$|n|b[01]$)/s))
  );
}

function isScalar(text: unknown, form: RegExp): boolean {
  return typeof text === 'string' && form.test(text);
}

/** Length of the record that begins with these bytes, or undefined where more of them are needed. */
export function recordLength(bytes: Buffer): number | undefined {
  if (bytes.length < headerBytes) return undefined;
  return headerBytes + bytes.readUInt32LE(0) + bytes.readUInt32LE(4);
}

/** The number that the row of a whole record has. */
export function recordPosition(bytes: Buffer): number {
  // It stands first, behind the bracket.
  const text = bytes.toString('latin1', headerBytes + 1, headerBytes + 24);
  return Number.parseInt(text, 10);
}

type Facts = [number, string, string | null, number, boolean, number, (string | null)?];

function factsText({ patient, time, tokens, truncated, dropped, label }: OutputRow, position: number): string {
  const facts: Facts = [
    position,
    scalarText(patient),
    time === null ? null : String(time),
    ...([tokens, truncated, dropped] as const),
  ];
  if (label !== undefined) facts.push(label === null ? null : scalarText(label));
  return JSON.stringify(facts);
}

type Scalar = Exclude<LabelValue, null>;

/** A text that gives back the value and its type. */
function scalarText(value: Scalar): string {
  if (typeof value === 'string') return `s${value}`;
  if (typeof value === 'bigint') return `i${value}`;
  if (typeof value === 'boolean') return value ? 'b1' : 'b0';
  return Object.is(value, -0) ? 'n-0' : `n${value}`;
}

function scalarOf(text: string): Scalar {
  const rest = text.slice(1);
  if (text[0] === 's') return rest;
  if (text[0] === 'i') return BigInt(rest);
  return text[0] === 'b' ? rest === '1' : Number(rest);
}
