import { ClmbrError } from '../errors.ts';
import { checkAsyncIterable, describeType, isArray } from '../options.ts';
import type { DataPatient, DataTokens } from './dataset.ts';

/**
 * Patients that a caller gives, each looked at before anything is done with it.
 *
 * @throws ClmbrError `INVALID_ARGUMENT` where these are none; the iteration, `INVALID_INPUT` that names the patient by its number
 */
export function checkedPatients<T extends DataPatient | DataTokens>(
  patients: AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  return check(checkAsyncIterable<T>(patients, 'patients'));
}

async function* check<T extends DataPatient | DataTokens>(patients: AsyncIterable<T>) {
  let number = 0;
  for await (const patient of patients) {
    if (!isPatient(patient)) {
      const found = describeType(patient).replace(/the number .*/, 'a number');
      throw new ClmbrError(
        'INVALID_INPUT',
        `patients[${number}]: expected an object with an id and events or ids, found ${found}.`,
      );
    }
    number++;
    yield patient;
  }
}

function isPatient(value: unknown): boolean {
  try {
    const { id, events, ids } = value as Partial<DataPatient & DataTokens>;
    const hasId = typeof id === 'string' || typeof id === 'number' || typeof id === 'bigint';
    return hasId && (isArray(events) || isArray(ids) || ArrayBuffer.isView(ids));
  } catch {
    return false;
  }
}
