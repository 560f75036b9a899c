import { ClmbrError } from '../errors.ts';
import { describeType } from '../options.ts';
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
  if (patient instanceof Int32Array) return { id: undefined, ids: patient };
  if (Array.isArray(patient)) {
    const list = patient as readonly unknown[];
    if (typeof list[0] === 'number') return { id: undefined, ids: list as number[] };
    return { id: undefined, events: list as Event[] };
  }
  if (typeof patient !== 'object' || patient === null) {
    throw invalidInput(where, 'an array of events, an object with events or ids, or token ids', patient);
  }
  const { id, events, ids, at } = patient as Partial<PatientRecord & TokenRecord>;
  if (id !== undefined && typeof id !== 'string' && typeof id !== 'number' && typeof id !== 'bigint') {
    throw invalidInput(`${where}.id`, 'a string, a number or a bigint', id);
  }
  if (at !== undefined && !Array.isArray(at)) throw invalidInput(`${where}.at`, 'an array of times', at);
  if (Array.isArray(events)) return { id, events, ownTimes: at };
  if (events === undefined && (Array.isArray(ids) || ids instanceof Int32Array)) return { id, ids, ownTimes: at };
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
