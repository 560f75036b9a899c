import { ClmbrError } from '../../errors.ts';
import { printable } from '../../files/quoted.ts';
import type { Engine } from './engine.ts';
import type { Plan } from './fields.ts';
import { rowState } from './fields.ts';

/**
 * The error for the first broken row, which is looked for by reading again: numbering rows while everything is read would cost a third of the
 * speed.
 */
export async function firstBadRow(engine: Engine, plans: readonly Plan[]): Promise<ClmbrError> {
  for (const plan of plans) {
    const found = await firstRow(engine, plan, `state >= ${rowState.badColumn}`);
    if (found === undefined) continue;
    const cdmName = plan.checked[found.state - rowState.badColumn]!;
    const column = plan.part.columns.get(cdmName)?.name ?? cdmName;
    return atRow(found, column, `${expectation(cdmName)}, found none or something else`);
  }
  return new ClmbrError('INVALID_INPUT', 'The OMOP tables changed while they were read.');
}

/** The error for a person that is there more than once. */
export async function duplicatePerson(engine: Engine, plans: readonly Plan[], person: bigint): Promise<ClmbrError> {
  let seen = 0;
  for (const plan of plans) {
    for (const file of filesOf(plan)) {
      const rows = await numberedRows(engine, plan, file, `person = ${person}`, 2);
      const second = rows[1 - seen];
      const column = plan.part.columns.get('person_id')!.name;
      if (second !== undefined) return atRow(second, column, 'each person once, found one that was there before');
      seen += rows.length;
    }
  }
  return new ClmbrError('INVALID_INPUT', 'The OMOP tables changed while they were read.');
}

interface FoundRow {
  place: string;
  row: number;
  state: number;
}

async function firstRow(engine: Engine, plan: Plan, condition: string): Promise<FoundRow | undefined> {
  for (const file of filesOf(plan)) {
    const [found] = await numberedRows(engine, plan, file, condition, 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function numberedRows(engine: Engine, plan: Plan, file: string, condition: string, limit: number) {
  const { part } = plan;
  const sql = `SELECT CAST(row AS DOUBLE), CAST(state AS INTEGER) FROM (${plan.select(part.numbered(file), ', row')})
    WHERE ${condition} ORDER BY row LIMIT ${limit}`;
  const rows = (await engine.run(sql, part.label)) as [number, number][];
  return rows.map(([row, state]): FoundRow => ({ place: part.kind === 'database' ? part.label : file, row, state }));
}

function filesOf({ part }: Plan): readonly string[] {
  return part.kind === 'database' ? [part.label] : part.files;
}

function expectation(column: string): string {
  if (column === 'value_as_number') return 'a number';
  if (/_(date|datetime)$/.test(column)) return 'a date or time that exists, as ISO 8601';
  return /^(month|day)_of_birth$/.test(column) ? 'a date that exists' : 'a whole number';
}

function atRow({ place, row }: FoundRow, column: string, problem: string): ClmbrError {
  return new ClmbrError('INVALID_INPUT', `${place}:${row}: column ${printable(column)}: expected ${problem}.`, {
    details: { path: place, row, column },
  });
}
