import { ClmbrError } from '../errors.ts';
import { describeType, isArray, isInt32Array } from '../options.ts';
import type { Event, Patient, PatientRecord, Time, TokenRecord } from '../types.ts';

/** What a patient consists of, whichever of the accepted forms it has. */
export interface PatientParts {
  id: string | number | bigint | undefined;
  events?: readonly Event[];
  ids?: ArrayLike<number>;
  ownTimes?: readonly Time[] | undefined;
}

/** @throws ClmbrError INVALID_INPUT that names `where` and the key */
export function partsOf(patient: Patient, where: string): PatientParts {
  let parts: PatientParts;
  try {
    parts = readParts(patient, where);
  } catch (cause) {
    if (cause instanceof ClmbrError) throw cause;
    throw new ClmbrError('INVALID_INPUT', `${where}: reading it failed.`, { cause, details: { key: where } });
  }
  if (isInt32Array(parts.ids) && isDetached(parts.ids))
    throw new ClmbrError('INVALID_INPUT', `${where}: expected token ids, found an Int32Array whose memory is gone.`);
  return parts;
}

/** A view of memory that was transferred, or that shrank below it, has the length 0, as an empty one has. */
function isDetached(ids: Int32Array): boolean {
  if (ids.length > 0) return false;
  try {
    return new Int32Array(ids.buffer, ids.byteOffset, 0).length > 0;
  } catch {
    return true;
  }
}

function readParts(patient: Patient, where: string): PatientParts {
  if (isInt32Array(patient)) return { id: undefined, ids: patient };
  if (isArray(patient)) {
    const list = patient as readonly unknown[];
    if (typeof list[0] === 'number') return { id: undefined, ids: list as number[] };
    return { id: undefined, events: list as Event[] };
  }
  if (typeof patient !== 'object' || patient === null || ArrayBuffer.isView(patient)) {
    const forms = 'an array of events, an object with events or ids, or token ids as an array or an Int32Array';
    throw invalidInput(where, forms, patient);
  }
  const { id, events, ids, at } = patient as Partial<PatientRecord & TokenRecord>;
  if (id !== undefined && typeof id !== 'string' && typeof id !== 'number' && typeof id !== 'bigint') {
    throw invalidInput(`${where}.id`, 'a string, a number or a bigint', id);
  }
  if (at !== undefined && !isArray(at)) throw invalidInput(`${where}.at`, 'an array of times', at);
  if (isArray(events)) return { id, events, ownTimes: at };
  if (events === undefined && (isArray(ids) || isInt32Array(ids))) return { id, ids, ownTimes: at };
  throw invalidInput(where, 'an array in `events` or in `ids`', events === undefined ? ids : events);
}

export function invalidInput(where: string, expected: string, found: unknown): ClmbrError {
  return new ClmbrError(
    'INVALID_INPUT',
    `${where}: expected ${expected}, found ${describeType(found).replace(/the number .*/, 'a number')}.`,
    {
      details: { key: where, expected },
    },
  );
}
