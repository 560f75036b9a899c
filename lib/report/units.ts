import type { RangedCodes } from './ranged-codes.ts';

/** Values of a code in one unit. */
export interface UnitReport {
  /** As the data writes it, after conversions; `''` for values without one, `'…'` for all units beyond the first 50 of a code. */
  unit: string;
  values: number;
  /** Share of the values that lie in the lowest range of the code, from 0 to 1. */
  lowest: number;
  /** Share of the values that lie in the highest range. */
  highest: number;
}

/** Values of a code that has ranges in the vocabulary. */
export interface ValueReport extends Omit<UnitReport, 'unit'> {
  code: string;
  description: string | null;
  /** Distinct ranges of the code. */
  ranges: number;
  /** Values outside of all ranges; they are neither in the lowest nor in the highest. */
  outside: number;
  /** By number of values. */
  units: UnitReport[];
}

/** A code whose values pile up at one end of its ranges, as they do in another unit than that of the training data. */
export interface UnitSuspect {
  code: string;
  description: string | null;
  /** `''` for values without a unit; null: all units together. */
  unit: string | null;
  end: 'lowest' | 'highest';
  /** Share of `values` that lie in that range, from 0 to 1. */
  share: number;
  values: number;
}

/** Fewer values than this are no ground for a suspicion. */
const leastValues = 20;
const leastRanges = 3;
/** The ranges of a CLMBR vocabulary hold about equally many values of its training data. */
const timesEven = 2.5;

const maxUnits = 50;
const maxUnitLength = 64;

interface Counts {
  values: number;
  lowest: number;
  highest: number;
  outside: number;
}

/** Counts where values lie among the ranges of their codes, by unit. Memory is bounded by the vocabulary. */
export class ValueCounter {
  readonly #codes: RangedCodes;
  readonly #units: (Map<string, Counts> | undefined)[] = [];

  constructor(codes: RangedCodes) {
    this.#codes = codes;
  }

  /** Counts a value that became a token; tokens that stand for no range are left out. */
  addToken(id: number, unit: string | null | undefined): void {
    const index = this.#codes.codeOfToken(id);
    if (index < 0) return;
    const counts = this.#countsOf(index, unit ?? '');
    counts.values++;
    if (this.#codes.isLowest(id)) counts.lowest++;
    if (this.#codes.isHighest(id)) counts.highest++;
  }

  /** Counts a value outside of all ranges. */
  addOutside(code: string, unit: string | null | undefined): void {
    const index = this.#codes.indexOf(code);
    if (index < 0) return;
    const counts = this.#countsOf(index, unit ?? '');
    counts.values++;
    counts.outside++;
  }

  /** Codes with at least one value, in the order of the vocabulary. */
  report(): ValueReport[] {
    const { codes, descriptions, ranges } = this.#codes;
    const reports: ValueReport[] = [];
    for (let index = 0; index < this.#units.length; index++) {
      const units = this.#units[index];
      if (units === undefined) continue;
      const total = [...units.values()].reduce(add);
      reports.push({
        code: codes[index]!,
        description: descriptions[index]!,
        ranges: ranges[index]!,
        ...shares(total),
        outside: total.outside,
        units: [...units]
          .map(([unit, counts]) => ({ unit, ...shares(counts) }))
          .sort((a, b) => b.values - a.values || (a.unit < b.unit ? -1 : 1)),
      });
    }
    return reports;
  }

  #countsOf(index: number, unit: string): Counts {
    const units = (this.#units[index] ??= new Map<string, Counts>());
    const known = units.get(unit);
    if (known !== undefined) return known;
    const name = units.size >= maxUnits ? '…' : Buffer.from(unit.slice(0, maxUnitLength)).toString();
    let counts = units.get(name);
    if (counts === undefined) units.set(name, (counts = { values: 0, lowest: 0, highest: 0, outside: 0 }));
    return counts;
  }
}

/**
 * Codes whose values pile up: at least 20 values in a unit (or in all units together, where no single one stands out) of a code with at least 3
 * ranges, of which more than half, and more than 2.5 times an even share of 1 / ranges, lie in the lowest range, or in the highest.
 */
export function findSuspects(reports: readonly ValueReport[]): UnitSuspect[] {
  const suspects = reports.flatMap(({ code, description, ranges, units, ...all }) => {
    const least = Math.max(0.5, timesEven / ranges);
    const found = [...units, { unit: null, ...all }].flatMap(({ unit, values, lowest, highest }): UnitSuspect[] => {
      const end = lowest >= highest ? 'lowest' : 'highest';
      const share = Math.max(lowest, highest);
      const isSuspect = ranges >= leastRanges && values >= leastValues && share > least;
      return isSuspect ? [{ code, description, unit, end, share, values }] : [];
    });
    return found.length > 1 ? found.filter(({ unit }) => unit !== null) : found;
  });
  return suspects.sort((a, b) => b.values - a.values || (a.code < b.code ? -1 : 1));
}

function add(a: Counts, b: Counts): Counts {
  return {
    values: a.values + b.values,
    lowest: a.lowest + b.lowest,
    highest: a.highest + b.highest,
    outside: a.outside + b.outside,
  };
}

function shares({ values, lowest, highest }: Counts): Omit<UnitReport, 'unit'> {
  return { values, lowest: lowest / values, highest: highest / values };
}
