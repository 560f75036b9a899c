import { ClmbrError } from '../errors.ts';
import { toMicroseconds } from '../time.ts';
import { typeName } from '../tokenizer/type-name.ts';
import type { Event, PatientRecord, Time, TokenRecord } from '../types.ts';

/** Longer identifiers are a column that was mixed up; in an npz file every row would take the room of the longest. */
const maxIdLength = 1024;
const maxTokenId = 2 ** 31 - 1;

type Fields = Record<string, unknown>;
type Check = (value: unknown, where: Where) => void;

/** A place in the input, for messages: `patients.jsonl:17: events[3].code`. Built only when something is wrong. */
type Where = () => string;

const eventKeys: Record<string, Check> = {
  code: (value, where) => check(typeof value === 'string', where, 'a string', value),
  value: (value, where) =>
    check(
      isAbsent(value) || /^(number|string|boolean)$/.test(typeof value),
      where,
      'a number, a string, a boolean or null',
      value,
    ),
  unit: checkText,
  // Turned into microseconds at once: an unusable time must not pass for none, which belongs to every label time.
  start: checkNothing,
  end: checkTime,
  omopTable: checkText,
};

/**
 * Checks one parsed line: `{ id?, events, at? }`, or `{ id?, ids }`. Where both are there, the events count. Other keys of a patient are left
 * alone; an event with an unknown key is refused, because a `start` under another name would turn it into a static event.
 *
 * @param value what the line holds; it becomes part of the result
 * @param line file and line number, for messages
 * @param exactId gives an `id` beyond 2^53 as it is written
 * @throws ClmbrError `INVALID_INPUT`, which never quotes a value
 */
export function toPatient(
  value: unknown,
  line: string,
  exactId: () => bigint | undefined,
): PatientRecord | TokenRecord {
  const at = (key: string) => () => `${line}: ${key}`;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(() => line, 'a JSON object with "events" or "ids"', value);
  const fields = value as Fields;
  const id = toId(fields.id, at('id'), exactId);
  if (!isAbsent(fields.events)) {
    const events = toEvents(fields.events, line);
    return isAbsent(fields.at) ? { id, events } : { id, events, at: toTimes(fields.at, line) };
  }
  if (isAbsent(fields.ids))
    throw new ClmbrError('INVALID_INPUT', `${line}: expected "events" or "ids", found neither.`);
  if (!isAbsent(fields.at))
    throw new ClmbrError('INVALID_INPUT', `${line}: "at" stands beside "ids"; label times need events.`);
  return { id, ids: toTokenIds(fields.ids, at('ids')) };
}

function toId(id: unknown, where: Where, exactId: () => bigint | undefined): string | number | bigint | undefined {
  if (isAbsent(id)) return undefined;
  if (typeof id === 'string') {
    if (id.length <= maxIdLength) return id;
    throw new ClmbrError(
      'INVALID_INPUT',
      `${where()}: expected at most ${maxIdLength} characters, found ${id.length}.`,
    );
  }
  if (Number.isSafeInteger(id)) return id as number;
  const exact = typeof id === 'number' ? exactId() : undefined;
  if (exact === undefined) throw invalid(where, 'a string or a whole number', id);
  return exact;
}

function toEvents(events: unknown, line: string): Event[] {
  if (!Array.isArray(events)) throw invalid(() => `${line}: events`, 'a list', events);
  for (let i = 0; i < events.length; i++) checkEvent(events[i], i, line);
  return events as Event[];
}

function checkEvent(event: unknown, index: number, line: string): void {
  const here = `events[${index}]`;
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    throw invalid(() => `${line}: ${here}`, 'an object with a code', event);
  const fields = event as Fields;
  for (const key in fields) {
    if (!Object.hasOwn(eventKeys, key)) throw unknownKey(`${line}: ${here}`, key);
    eventKeys[key]!(fields[key], () => `${line}: ${here}.${key}`);
  }
  if (fields.code === undefined) throw invalid(() => `${line}: ${here}.code`, 'a string', undefined);
  if (!isAbsent(fields.start)) fields.start = toTime(fields.start, () => `${line}: ${here}.start`);
}

function unknownKey(where: string, key: string): ClmbrError {
  // A key that is no plain word may be data.
  const name = /^[A-Za-z_]\w{0,31}$/.test(key) ? `"${key}"` : 'an unknown key';
  const known = Object.keys(eventKeys).join(', ');
  return new ClmbrError('INVALID_INPUT', `${where}: expected only ${known}, found ${name}.`, { details: { where } });
}

function toTimes(times: unknown, line: string): Time[] {
  if (!Array.isArray(times)) throw invalid(() => `${line}: at`, 'a list of times', times);
  return times.map((time, i) => toTime(time, () => `${line}: at[${i}]`));
}

function toTime(time: unknown, where: Where): bigint {
  if (Number.isSafeInteger(time)) return BigInt(time as number);
  if (typeof time === 'string') return toMicroseconds(time, where());
  throw invalid(where, 'an ISO 8601 text or whole microseconds since 1970', time);
}

function toTokenIds(ids: unknown, where: Where): Int32Array {
  if (!Array.isArray(ids)) throw invalid(where, 'a list of token ids', ids);
  return Int32Array.from(ids, (id: unknown, i) => {
    if (Number.isInteger(id) && (id as number) >= 0 && (id as number) <= maxTokenId) return id as number;
    throw invalid(() => `${where()}[${i}]`, `a whole number from 0 to ${maxTokenId}`, id);
  });
}

function isAbsent(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function checkText(value: unknown, where: Where): void {
  check(isAbsent(value) || typeof value === 'string', where, 'a string or null', value);
}

function checkTime(value: unknown, where: Where): void {
  const isRight = isAbsent(value) || typeof value === 'string' || Number.isSafeInteger(value);
  check(isRight, where, 'an ISO 8601 text, whole microseconds since 1970 or null', value);
}

function checkNothing(): void {}

function check(isRight: boolean, where: Where, expected: string, found: unknown): void {
  if (!isRight) throw invalid(where, expected, found);
}

function invalid(where: Where, expected: string, found: unknown): ClmbrError {
  const place = where();
  return new ClmbrError('INVALID_INPUT', `${place}: expected ${expected}, found ${kindOf(found)}.`, {
    details: { where: place, expected, found: kindOf(found) },
  });
}

function kindOf(value: unknown): string {
  return typeof value === 'number' ? 'another number' : typeName(value);
}
