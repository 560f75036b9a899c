import { expect, it } from 'vitest';
import { PatientAssembler } from '../../lib/data/meds/assembler.ts';
import { expectClmbrError } from '../support/expect-error.ts';

/** Rows of one subject at one time, as a file of a few kilobytes can hold them by the thousand million. */
function rowsOf(rows: number) {
  const longs = { values: new BigInt64Array(rows).fill(7n), valid: undefined };
  const code = { values: new Array<string | null>(rows).fill('A'), valid: undefined };
  return {
    firstRow: 0,
    rows,
    columns: { subject: longs, time: longs, code, number: undefined, text: undefined, unit: undefined },
  };
}

it('a subject has no more events than memory holds', async () => {
  const options = { zeroAsMissing: false, skipBadRows: true, subjects: undefined, skipped: {} };
  const whole = new PatientAssembler(options, 1000);
  whole.add(rowsOf(1000));
  expect(whole.end()[0]!.events).toHaveLength(1000);
  const more = new PatientAssembler(options, 1000);
  more.add(rowsOf(600));
  await expectClmbrError(() => more.add(rowsOf(401)), 'INVALID_INPUT', 'row 400', 'at most 1000 events');
});

it('a subject has no longer texts than memory holds', async () => {
  const rows = rowsOf(3);
  const text = { values: ['', '', ''].map(() => 'x'.repeat(2 ** 27)), valid: undefined };
  const assembler = new PatientAssembler({ zeroAsMissing: false, skipBadRows: true, subjects: undefined, skipped: {} });
  const long = { ...rows, columns: { ...rows.columns, text } };
  await expectClmbrError(() => assembler.add(long), 'INVALID_INPUT', 'row 2', 'at most 268435456 characters');
});
