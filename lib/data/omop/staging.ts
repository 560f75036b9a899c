import { duplicatePerson, firstBadRow } from './bad-rows.ts';
import type { Engine } from './engine.ts';
import type { Plan } from './fields.ts';
import { birth, concept, constant, numberField, Raw, requiredId, rowKey, rowState, textField, time } from './fields.ts';
import { readPart } from './rejects.ts';
import type { Part, Parts } from './source.ts';
import type { EventTable } from './tables.ts';
import { birthConcept, eventTables, personRanks } from './tables.ts';

/** What was read into the tables `person` and `event`. */
export interface Staged {
  persons: number;
  /** Persons without a date of birth. */
  withoutBirth: number;
  unknownPerson: number;
  badRows: number;
  /** Every row has a number of its own, which orders rows that are alike otherwise. */
  hasKeys: boolean;
}

const demographics = ['gender', 'ethnicity', 'race'] as const;

/**
 * Reads PERSON and all tables of events. A copy is made, in memory and beyond that in the temporary folder, because CSV files would have to be
 * read twice otherwise: for the concepts that occur, and for the sorted rows.
 *
 * @throws ClmbrError `INVALID_INPUT` at the first bad row unless they are to be skipped, and at a person that is there twice
 */
export async function stageTables(engine: Engine, parts: Parts, skipBadRows: boolean): Promise<Staged> {
  const persons = await stagePersons(engine, parts.get('person') ?? [], skipBadRows);
  await engine.run(`CREATE TABLE event (rank UTINYINT, person BIGINT, start BIGINT, "end" BIGINT, key BIGINT, source BIGINT, concept BIGINT,
    number DOUBLE, value_concept BIGINT, text VARCHAR, unit_concept BIGINT, unit VARCHAR, state UTINYINT)`);
  await engine.run(`INSERT INTO event ${personEvents()}`);
  const plans: Plan[] = [];
  let badRows = persons.badRows;
  for (const table of eventTables) {
    for (const part of parts.get(table.name) ?? []) {
      const plan = planEvents(part, table);
      plans.push(plan);
      badRows += await readPart(engine, part, insertEvents(plan), skipBadRows);
    }
  }
  const [[unknownPerson, broken]] = (await engine.run(
    `SELECT CAST(count(*) FILTER (state = ${rowState.unknownPerson}) AS DOUBLE),
      CAST(count(*) FILTER (state >= ${rowState.badColumn}) AS DOUBLE) FROM event`,
  )) as [[number, number]];
  if (broken > 0 && !skipBadRows) throw await firstBadRow(engine, plans);
  const hasKeys = eventTables.every(
    ({ name, key }) => key === undefined || (parts.get(name) ?? []).every(({ columns }) => columns.has(key)),
  );
  return { ...persons, unknownPerson, badRows: badRows + broken, hasKeys };
}

async function stagePersons(engine: Engine, parts: readonly Part[], skipBadRows: boolean) {
  const concepts = demographics.map((name) => `${name} BIGINT, ${name}_source BIGINT`).join(', ');
  await engine.run(`CREATE TABLE person (person BIGINT, birth BIGINT, ${concepts}, state UTINYINT)`);
  const plans = parts.map(planPerson);
  let rejected = 0;
  for (const { part, select } of plans)
    rejected += await readPart(engine, part, `INSERT INTO person ${select(part.from)}`, skipBadRows);
  const good = `state = ${rowState.good}`;
  const [[persons, withoutBirth, broken]] = (await engine.run(
    `SELECT CAST(count(*) FILTER (${good}) AS DOUBLE), CAST(count(*) FILTER (${good} AND birth IS NULL) AS DOUBLE),
      CAST(count(*) FILTER (NOT (${good})) AS DOUBLE) FROM person`,
  )) as [[number, number, number]];
  if (broken > 0 && !skipBadRows) throw await firstBadRow(engine, plans);
  const [twice] = (await engine.run(
    `SELECT person FROM person WHERE ${good} GROUP BY person HAVING count(*) > 1 ORDER BY person LIMIT 1`,
  )) as [bigint][];
  if (twice !== undefined) throw await duplicatePerson(engine, plans, twice[0]);
  return { persons, withoutBirth, badRows: rejected + broken };
}

function planPerson(part: Part): Plan {
  const raw = new Raw(part);
  return raw.plan([
    requiredId(raw, 'person', 'person_id'),
    birth(raw, 'birth'),
    ...demographics.flatMap((name) => [
      concept(raw, name, `${name}_concept_id`),
      concept(raw, `${name}_source`, `${name}_source_concept_id`),
    ]),
  ]);
}

/** A row for the birth of everybody, with which the timeline begins, even where its time is unknown; the others where they are given. */
function personEvents(): string {
  const row = (rank: number, source: string, concept: string, condition: string) =>
    `SELECT ${rank}, person, birth, NULL, 0, ${source}, ${concept}, NULL, 0, NULL, 0, NULL, state FROM person
     WHERE state = ${rowState.good} AND ${condition}`;
  return [
    row(personRanks.birth, '0', `CASE WHEN birth IS NULL THEN 0 ELSE ${birthConcept} END`, 'true'),
    ...demographics.map((name) =>
      row(personRanks[name], `${name}_source`, name, `(${name} <> 0 OR ${name}_source <> 0)`),
    ),
  ].join(' UNION ALL ');
}

function planEvents(part: Part, table: EventTable): Plan {
  const raw = new Raw(part);
  if (table.concept !== undefined) raw.require(table.concept);
  const standard =
    table.everyRow === undefined ? concept(raw, 'concept', table.concept) : constant('concept', table.everyRow);
  const source = concept(raw, 'source', table.sourceConcept);
  if (table.unspecified !== undefined)
    standard.final = `CASE WHEN coalesce(source, 0) = 0 AND coalesce(concept, 0) = 0 THEN ${table.unspecified}
      ELSE coalesce(concept, 0) END`;
  const text = textField(raw, 'text', table.text);
  // Most texts repeat the number, and would fill the memory of the sort.
  text.final = 'CASE WHEN number IS NULL OR number = 0 OR isnan(number) THEN text END';
  return raw.plan([
    constant('rank', table.rank),
    requiredId(raw, 'person', 'person_id'),
    time(raw, 'start', table.start, true),
    time(raw, '"end"', table.end, false),
    rowKey(raw, 'key', table.key),
    source,
    standard,
    numberField(raw, 'number', table.number),
    concept(raw, 'value_concept', table.valueConcept),
    text,
    concept(raw, 'unit_concept', table.unitConcept),
    textField(raw, 'unit', table.unit),
  ]);
}

function insertEvents({ part, select }: Plan): string {
  const isUnknown = `e.state = ${rowState.good} AND p.person IS NULL`;
  return `INSERT INTO event SELECT e.* REPLACE (CASE WHEN ${isUnknown} THEN ${rowState.unknownPerson} ELSE e.state END AS state)
    FROM (${select(part.from)}) e LEFT JOIN (SELECT person FROM person WHERE state = ${rowState.good}) p USING (person)`;
}
