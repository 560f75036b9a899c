import { ClmbrError } from '../errors.ts';
import { checkNumber, checkOptions, checkString } from '../options.ts';
import { readCsvRows } from './csv-rows.ts';

/** Turns values of a code in a unit into what the vocabulary's ranges are made of: `value * factor + offset`. */
export interface UnitRule {
  code: string;
  /** As the data writes it, letter case included; `''` stands for values without a unit. */
  unit: string;
  factor: number;
  offset: number;
}

/** A rule and the number of events that it changed. */
export interface UnitConversion extends UnitRule {
  events: number;
}

/** Conversions of values by code and unit. */
export class UnitRules {
  readonly #byCode = new Map<string, Map<string, UnitRule>>();

  /** Returns false, and does nothing, where the code has a rule for the unit. */
  add(given: UnitRule): boolean {
    const { code, unit, factor, offset } = checkOptions<UnitRule>(given, 'rule', ['code', 'unit', 'factor', 'offset']);
    const rule: UnitRule = {
      ...{ code: checkString(code, 'rule.code'), unit: checkString(unit, 'rule.unit') },
      factor: checkNumber(factor, 'rule.factor', -Number.MAX_VALUE, Number.MAX_VALUE),
      offset: checkNumber(offset, 'rule.offset', -Number.MAX_VALUE, Number.MAX_VALUE),
    };
    let ofCode = this.#byCode.get(rule.code);
    if (ofCode === undefined) this.#byCode.set(rule.code, (ofCode = new Map<string, UnitRule>()));
    if (ofCode.has(rule.unit)) return false;
    ofCode.set(rule.unit, rule);
    return true;
  }

  get all(): UnitRule[] {
    return [...this.#byCode.values()].flatMap((rules) => [...rules.values()]);
  }

  /** The rules of a code by unit. */
  of(code: string): ReadonlyMap<string, UnitRule> | undefined {
    return this.#byCode.get(code);
  }
}

/**
 * Reads rules for units: CSV in UTF-8 with the columns `code`, `unit`, `factor` and, if wanted, `offset` (default 0).
 *
 * @throws ClmbrError `INVALID_INPUT` that names file and line; `FILE_UNREADABLE`
 */
export async function readUnitRules(path: string): Promise<UnitRules> {
  const rules = new UnitRules();
  const rows = await readCsvRows(checkString(path, 'path'), {
    required: ['code', 'unit', 'factor'],
    optional: ['offset'],
  });
  for (const { where, cells } of rows) {
    const { code, unit } = cells as { code: string; unit: string };
    if (code === '')
      throw new ClmbrError('INVALID_INPUT', `${where}: expected a code in column code, found an empty one.`);
    const factor = toNumber(cells.factor!, `${where}: column factor`);
    if (factor === 0)
      throw new ClmbrError('INVALID_INPUT', `${where}: column factor: expected a number other than 0, found 0.`);
    const offset = cells.offset === '' ? 0 : toNumber(cells.offset!, `${where}: column offset`);
    if (!rules.add({ code, unit, factor, offset }))
      throw new ClmbrError('INVALID_INPUT', `${where}: expected one rule for a code and unit, found a second one.`);
  }
  return rules;
}

function toNumber(text: string, where: string): number {
  const number = Number(text);
  if (text !== '' && Number.isFinite(number)) return number;
  throw new ClmbrError('INVALID_INPUT', `${where}: expected a number, found ${text === '' ? 'nothing' : 'a text'}.`);
}
