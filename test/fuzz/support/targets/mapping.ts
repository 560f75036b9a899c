import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readCodeTable, readUnitRules } from '../../../../lib/mapping/index.ts';
import { isUtf8, plainRecords, randomCsv } from '../csv-text.ts';
import { demand, refusal } from '../judge.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';

const codes = ['LOINC/1-1', 'local 7', 'a,b', '"', '__proto__', 'constructor', 'ICD10CM/E11.9', ''];
const numbers = ['1', '-0.5', '1e3', '0x10', '1e-400', '1e400', 'NaN', '', '0', ' 2 ', '1,5'];

function randomRows(random: Random, columns: Record<string, readonly string[]>): string[][] {
  const names = Object.keys(columns).filter(() => !random.chance(0.02));
  if (random.chance(0.3)) names.reverse();
  if (random.chance(0.1)) names.push(random.pick(['note', ...names]));
  const rows = Array.from({ length: random.between(0, 6) }, () =>
    names.map((name) => random.pick(columns[name] ?? codes)),
  );
  return [names.map((name) => (random.chance(0.1) ? name.toUpperCase() : name)), ...rows];
}

/** The rows by column, where nothing in the file can be read in two ways. */
function plainRows(bytes: Buffer, wanted: readonly string[]): Record<string, string>[] | null {
  const [header, ...rows] = (plainRecords(bytes) ?? []).map((row) => row.map((one) => one.trim()));
  if (header === undefined) return null;
  const names = header.map((name) => name.toLowerCase());
  const known = names.filter((name) => wanted.includes(name));
  demand(new Set(known).size === known.length, `columns twice: ${known.join(' ')}`);
  return rows.map((row) => Object.fromEntries(wanted.map((name) => [name, row[names.indexOf(name)] ?? ''])));
}

async function tryCodes(path: string, bytes: Buffer): Promise<void> {
  const table = await readCodeTable(path);
  const rows = plainRows(bytes, ['from', 'to']);
  if (rows === null) return;
  demand(table.size === new Set(rows.map(({ from }) => from)).size, `${table.size} codes from ${rows.length} rows`);
  for (const { from, to } of rows) demand(table.targetsOf(from!).includes(to!), 'a row of the table is missing');
}

async function tryUnits(path: string, bytes: Buffer): Promise<void> {
  const rules = await readUnitRules(path);
  const rows = plainRows(bytes, ['code', 'unit', 'factor', 'offset']);
  if (rows === null) return;
  demand(rules.all.length === rows.length, `${rules.all.length} rules from ${rows.length} rows`);
  for (const row of rows) {
    const rule = rules.of(row['code']!)?.get(row['unit']!);
    demand(
      rule?.factor === Number(row['factor']) && rule.offset === Number(row['offset']),
      'a rule says something else',
    );
    demand(rule.factor !== 0 && Number.isFinite(rule.factor) && Number.isFinite(rule.offset), 'a rule of no use');
  }
}

/** Tables of codes and of units in CSV. */
export const mapping: Target = async (scratch) => {
  const path = join(scratch, 'table.csv');
  return async (random, keep) => {
    const isCodes = random.chance(0.5);
    const columns: Record<string, readonly string[]> = isCodes
      ? { from: codes.slice(0, -1), to: codes.slice(0, -1) }
      : { code: codes.slice(0, -1), unit: ['mg', '', 'mmol/L'], factor: numbers, offset: numbers };
    const bytes = randomCsv(random, randomRows(random, columns));
    keep('table.csv', bytes);
    await writeFile(path, bytes);
    try {
      await (isCodes ? tryCodes : tryUnits)(path, bytes);
      demand(isUtf8(bytes), 'bytes that are no text were accepted');
      return 'accepted';
    } catch (error) {
      return refusal(error, ['INVALID_INPUT']);
    } finally {
      await rm(path, { force: true });
    }
  };
};
