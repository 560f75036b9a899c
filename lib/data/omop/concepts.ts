import type { CodeCandidate } from '../dataset.ts';
import { firstBadRow } from './bad-rows.ts';
import type { Engine } from './engine.ts';
import type { Plan } from './fields.ts';
import { Raw, requiredId, rowState, textField } from './fields.ts';
import { readPart } from './rejects.ts';
import type { Part, Parts } from './source.ts';
import { literal } from './sql.ts';
import { wellKnownConcepts } from './well-known.ts';

/** What the source concept and the standard concept of a row stand for. */
export interface RowCode {
  code: string;
  candidates: readonly CodeCandidate[] | undefined;
}

export interface Concepts {
  /** By `pair.id`; undefined where no concept is known. */
  codes: readonly (RowCode | undefined)[];
  /** Codes without their vocabulary, by `concept.number`. */
  bareCodes: readonly string[];
  /** Names by code. */
  names: ReadonlyMap<string, string>;
  /** Rows whose concepts are all unknown. */
  withoutConcept: number;
  badRows: number;
}

/**
 * Gives each pair of source and standard concept that occurs in `event` its code and candidates. Leaves the tables `pair` (with the concept that
 * rows are ordered by) and `concept` (those that occur). The vocabulary may have millions of rows: only what occurs is kept.
 */
export async function resolveConcepts(engine: Engine, parts: Parts, skipBadRows: boolean): Promise<Concepts> {
  await engine.run(`CREATE TABLE pair_count AS
    SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS id, source, concept, rows FROM (
      SELECT source, concept, count(*) AS rows FROM event
      WHERE state = ${rowState.good} AND NOT (rank = 0 AND concept = 0) GROUP BY source, concept)`);
  await engine.run(`CREATE TABLE used AS SELECT DISTINCT id FROM (
    SELECT source AS id FROM pair_count UNION ALL SELECT concept FROM pair_count
    UNION ALL (SELECT DISTINCT value_concept FROM event WHERE state = ${rowState.good})
    UNION ALL (SELECT DISTINCT unit_concept FROM event WHERE state = ${rowState.good})) WHERE id <> 0`);
  const broken =
    (await stageRelationships(engine, parts.get('concept_relationship') ?? [], skipBadRows)) +
    (await stageVocabulary(engine, parts.get('concept') ?? [], skipBadRows));
  await engine.run(`CREATE TABLE target AS
    SELECT m.source, min(m.target) AS first FROM maps_to m JOIN concept c ON c.id = m.target GROUP BY m.source`);
  await engine.run(`CREATE TABLE pair AS
    SELECT p.id, p.source, p.concept, coalesce(s.id, c.id, ts.first, tc.first) AS ordered_by FROM pair_count p
    LEFT JOIN concept s ON s.id = p.source LEFT JOIN concept c ON c.id = p.concept
    LEFT JOIN target ts ON ts.source = p.source LEFT JOIN target tc ON tc.source = p.concept`);
  return { ...(await loadCodes(engine)), badRows: broken };
}

async function stageRelationships(engine: Engine, parts: readonly Part[], skipBadRows: boolean): Promise<number> {
  await engine.run(
    'CREATE TABLE relationship (source BIGINT, target BIGINT, kind VARCHAR, reason VARCHAR, state UTINYINT)',
  );
  const plans = parts.map((part) => {
    const raw = new Raw(part);
    raw.require('relationship_id');
    return raw.plan([
      requiredId(raw, 'source', 'concept_id_1'),
      requiredId(raw, 'target', 'concept_id_2'),
      textField(raw, 'kind', 'relationship_id'),
      textField(raw, 'reason', 'invalid_reason'),
    ]);
  });
  const isMapping = `lower(kind) = 'maps to' AND reason IS NULL AND source <> target AND source IN (SELECT id FROM used)`;
  const broken = await stageVocabularyTable(engine, 'relationship', plans, isMapping, skipBadRows);
  await engine.run(
    `CREATE TABLE maps_to AS SELECT DISTINCT source, target FROM relationship WHERE state = ${rowState.good}`,
  );
  await engine.run('INSERT INTO used SELECT DISTINCT target FROM maps_to WHERE target NOT IN (SELECT id FROM used)');
  return broken;
}

async function stageVocabulary(engine: Engine, parts: readonly Part[], skipBadRows: boolean): Promise<number> {
  await engine.run(
    'CREATE TABLE vocabulary (id BIGINT, vocabulary VARCHAR, code VARCHAR, name VARCHAR, state UTINYINT)',
  );
  const plans = parts.map((part) => {
    const raw = new Raw(part);
    raw.require('vocabulary_id');
    raw.require('concept_code');
    return raw.plan([
      requiredId(raw, 'id', 'concept_id'),
      textField(raw, 'vocabulary', 'vocabulary_id'),
      textField(raw, 'code', 'concept_code'),
      textField(raw, 'name', 'concept_name'),
    ]);
  });
  const isUsed = 'vocabulary IS NOT NULL AND code IS NOT NULL AND id IN (SELECT id FROM used)';
  const broken = await stageVocabularyTable(engine, 'vocabulary', plans, isUsed, skipBadRows);
  // One row each, the same every time, also where the vocabulary has several.
  await engine.run(`CREATE TABLE found_concept AS SELECT id, min(vocabulary || '/' || code) AS code, arg_min(code, vocabulary || '/' || code) AS bare,
    coalesce(arg_min(name, vocabulary || '/' || code), '') AS name FROM vocabulary WHERE state = ${rowState.good} GROUP BY id`);
  const known = wellKnownConcepts
    .map(
      ([id, code, name]) =>
        `(${id}, ${literal(code)}, ${literal(code.slice(code.indexOf('/') + 1))}, ${literal(name)})`,
    )
    .join(', ');
  await engine.run(`CREATE TABLE concept AS SELECT *, CAST(row_number() OVER () - 1 AS INTEGER) AS number FROM (
    SELECT * FROM found_concept UNION ALL SELECT * FROM (VALUES ${known}) k(id, code, bare, name)
    WHERE id IN (SELECT id FROM used) AND id NOT IN (SELECT id FROM found_concept))`);
  return broken;
}

/** Fills a table with the wanted rows of a table of the vocabulary, and gives the number of bad ones. */
async function stageVocabularyTable(
  engine: Engine,
  name: string,
  plans: readonly Plan[],
  wanted: string,
  skipBadRows: boolean,
): Promise<number> {
  let rejected = 0;
  for (const { part, select } of plans) {
    const sql = `INSERT INTO ${name} SELECT * FROM (${select(part.from)}) WHERE state >= ${rowState.badColumn} OR (${wanted})`;
    rejected += await readPart(engine, part, sql, skipBadRows);
  }
  const [[broken]] = (await engine.run(
    `SELECT CAST(count(*) AS DOUBLE) FROM ${name} WHERE state >= ${rowState.badColumn}`,
  )) as [[number]];
  if (broken > 0 && !skipBadRows) throw await firstBadRow(engine, plans);
  return rejected + broken;
}

type PairRow = [
  id: number,
  source: bigint,
  concept: bigint,
  rows: number,
  sourceCode: string | null,
  code: string | null,
];

async function loadCodes(engine: Engine): Promise<Pick<Concepts, 'codes' | 'bareCodes' | 'names' | 'withoutConcept'>> {
  const targets = new Map<bigint, string[]>();
  const mappings = await engine.run(
    'SELECT m.source, c.code FROM maps_to m JOIN concept c ON c.id = m.target ORDER BY m.source, c.id',
  );
  for (const [source, code] of mappings as [bigint, string][]) {
    const known = targets.get(source);
    if (known === undefined) targets.set(source, [code]);
    else known.push(code);
  }
  const pairs =
    (await engine.run(`SELECT p.id, p.source, p.concept, CAST(p.rows AS DOUBLE), s.code, c.code FROM pair_count p
    LEFT JOIN concept s ON s.id = p.source LEFT JOIN concept c ON c.id = p.concept ORDER BY p.id`)) as PairRow[];
  const interned = new Map<string, readonly CodeCandidate[]>();
  const codes: (RowCode | undefined)[] = [];
  let withoutConcept = 0;
  for (const [, source, concept, rows, sourceCode, code] of pairs) {
    const chain: CodeCandidate[] = [];
    const add = (next: string | null, rule: CodeCandidate['rule']) => {
      if (next !== null && chain.every((known) => known.code !== next)) chain.push({ code: next, rule });
    };
    add(sourceCode, 'same');
    add(code, 'standard');
    for (const target of [...(targets.get(source) ?? []), ...(targets.get(concept) ?? [])]) add(target, 'maps-to');
    if (chain.length === 0) withoutConcept += rows;
    codes.push(chain.length === 0 ? undefined : { code: chain[0]!.code, candidates: intern(interned, chain.slice(1)) });
  }
  const concepts = (await engine.run('SELECT code, name, bare FROM concept ORDER BY number')) as [
    string,
    string,
    string,
  ][];
  const names = new Map(concepts.flatMap(([code, name]) => (name === '' ? [] : [[code, name]])));
  return { codes, withoutConcept, names, bareCodes: concepts.map(([, , bare]) => bare) };
}

/** One array for equal candidates: what is worked out for them is kept by its identity. */
function intern(
  known: Map<string, readonly CodeCandidate[]>,
  candidates: readonly CodeCandidate[],
): readonly CodeCandidate[] | undefined {
  if (candidates.length === 0) return undefined;
  const key = JSON.stringify(candidates);
  const same = known.get(key);
  if (same === undefined) known.set(key, candidates);
  return same ?? candidates;
}
