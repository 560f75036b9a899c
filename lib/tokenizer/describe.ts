import { firstEntryId, specialTokenMeanings } from './special-tokens.ts';
import type { VocabularyEntry } from './vocabulary-store.ts';

/** A token in a short phrase for people, such as `Hemoglobin A1c (LOINC/4548-4) from 6.5 to 7.2`. */
export function describeEntry(entry: VocabularyEntry): string {
  if (entry.id < firstEntryId) return `${entry.code} (${specialTokenMeanings[entry.id]})`;
  const name =
    entry.description === null || entry.description === '' ? entry.code : `${entry.description} (${entry.code})`;
  switch (entry.kind) {
    case 'numerical_range':
      return `${name} ${describeRange(entry.rangeStart!, entry.rangeEnd!, entry.unit)}`;
    case 'categorical':
      return `${name} = ${entry.categories!.map((category) => JSON.stringify(category)).join(' or ')}`;
    default:
      return name;
  }
}

function describeRange(start: number, end: number, unit: string | undefined): string {
  const suffix = unit === undefined || !hasUnit(unit) ? '' : ` ${unit}`;
  const isOpenBelow = start <= -Number.MAX_VALUE;
  const isOpenAbove = end >= Number.MAX_VALUE;
  if (isOpenBelow && isOpenAbove) return 'with any value';
  if (isOpenBelow) return `below ${shortNumber(end)}${suffix}`;
  if (isOpenAbove) return `${shortNumber(start)} or more${suffix}`;
  return start === end
    ? `of ${shortNumber(start)}${suffix}`
    : `from ${shortNumber(start)} to ${shortNumber(end)}${suffix}`;
}

/** The vocabularies write the text `None` where a range has no unit. */
export function hasUnit(unit: string): boolean {
  return unit !== 'None' && unit !== '';
}

/** Edges are float32 numbers widened to double: 28.899999618530273 was 28.9, so the fewest digits that give the float32 are shown. */
function shortNumber(x: number): string {
  if (Math.fround(x) === x) {
    for (let digits = 1; digits <= 9; digits++) {
      const short = Number(x.toPrecision(digits));
      if (Math.fround(short) === x) return String(short);
    }
  }
  return String(x);
}
