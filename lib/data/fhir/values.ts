import type { Json } from './json.ts';
import { asObject, asObjects, asText } from './json.ts';

export interface ObservedValue {
  value: number | string | boolean | null;
  unit: string | null;
}

const none: ObservedValue = { value: null, unit: null };

/**
 * The value of an Observation or of one of its components: a quantity (its UCUM code or, without one, its unit), a whole number, a boolean, a
 * text, or the words of a coded answer. Other types of value (ranges, ratios, times) have no place in a vocabulary: null. Numbers are rounded
 * to float32, as the vocabulary's ranges are.
 */
export function observedValue(holder: Json, zeroAsMissing: boolean): ObservedValue {
  const quantity = asObject(holder.valueQuantity);
  if (quantity !== undefined)
    return {
      value: toNumber(quantity.value, zeroAsMissing),
      unit: asText(quantity.code) ?? asText(quantity.unit) ?? null,
    };
  const concept = asObject(holder.valueCodeableConcept);
  if (concept !== undefined) return { value: wordsOf(concept), unit: null };
  const text = asText(holder.valueString);
  if (text !== undefined) return { value: text, unit: null };
  if (typeof holder.valueBoolean === 'boolean') return { value: holder.valueBoolean, unit: null };
  if (holder.valueInteger !== undefined) return { value: toNumber(holder.valueInteger, zeroAsMissing), unit: null };
  return none;
}

/** Whether it says that there is no value, and has none. */
export function isAbsent(holder: Json): boolean {
  return holder.dataAbsentReason !== undefined && !hasValue(holder);
}

export function hasValue(holder: Json): boolean {
  return Object.keys(holder).some((key) => key.startsWith('value') && key.length > 5);
}

function toNumber(value: unknown, zeroAsMissing: boolean): number | null {
  // Servers write decimals that must keep their digits as texts.
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return null;
  return zeroAsMissing && number === 0 ? null : Math.fround(number);
}

function wordsOf(concept: Json): string | null {
  const codings = asObjects(concept.coding);
  const displayed = codings.map(({ display }) => asText(display)).find((display) => display !== undefined);
  return asText(concept.text) ?? displayed ?? asText(codings[0]?.code) ?? null;
}
