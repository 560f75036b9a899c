import type { DataEvent } from '../dataset.ts';
import type { Concepts } from './concepts.ts';
import type { Json } from './json.ts';
import { asObject, asObjects, asText, at } from './json.ts';
import type { Medications } from './medications.ts';
import type { Reading } from './resources.ts';
import { readings, skippedStatuses, visitCode } from './resources.ts';
import type { Skips } from './skips.ts';
import { timeAt } from './times.ts';
import type { ObservedValue } from './values.ts';
import { hasValue, isAbsent, observedValue } from './values.ts';

export interface ConvertOptions {
  concepts: Concepts;
  medications: Medications;
  skips: Skips;
  zeroAsMissing: boolean;
}

interface Times {
  start: bigint;
  end: bigint | null;
}

const noValue: ObservedValue = { value: null, unit: null };

/** The events of a resource of a patient; none, and a reason counted, where it is not read. `Patient` and `Medication` are not for here. */
export function readEvents(resource: Json, options: ConvertOptions): DataEvent[] {
  const { skips } = options;
  const type = resource.resourceType;
  const reading = typeof type === 'string' && Object.hasOwn(readings, type) ? readings[type]! : undefined;
  if (reading === undefined) {
    skips.addType(type);
    return [];
  }
  const status = skippedStatus(resource);
  if (status !== undefined) {
    skips.add(status);
    return [];
  }
  const times = timesOf(resource, reading);
  if (typeof times === 'string') {
    skips.add(times);
    return [];
  }
  if (type === 'Observation') return observationEvents(resource, times, options);
  const codes = codesOf(resource, options);
  if (typeof codes === 'string') {
    skips.add(codes);
    return [];
  }
  return [makeEvent(codes, noValue, times, reading.table, options)];
}

function skippedStatus(resource: Json): string | undefined {
  if (resource.doNotPerform === true) return 'not-done';
  const statuses = [
    resource.status,
    ...asObjects(asObject(resource.verificationStatus)?.coding).map(({ code }) => code),
  ];
  return statuses.find((status) => skippedStatuses.has(status)) as string | undefined;
}

function timesOf(resource: Json, { start: startPaths, end: endPaths }: Reading): Times | 'no-time' | 'bad-time' {
  const start = timeAt(resource, startPaths);
  if (typeof start === 'string') return start;
  const end = timeAt(resource, endPaths);
  // The year of an end may begin before its start.
  return { start, end: typeof end === 'string' || end < start ? null : end };
}

function codesOf(resource: Json, { concepts, medications }: ConvertOptions): readonly string[] | string {
  let concept: unknown = resource.code;
  switch (resource.resourceType) {
    case 'Encounter': {
      // A coding, or (R5) a list of concepts.
      const visitClass = at(resource, 'class.code') ?? at(resource, 'class.coding.code') ?? at(resource, 'class');
      const code = asText(visitClass);
      return code === undefined ? 'no-code' : [visitCode(code)];
    }
    case 'MedicationRequest':
    case 'MedicationAdministration':
    case 'MedicationStatement':
      return medications.codesOf(resource);
    case 'Immunization':
      concept = resource.vaccineCode;
      break;
    default:
  }
  const codes = concepts.codesOf(asObject(concept));
  return codes.length > 0 ? codes : 'no-code';
}

/** The observation itself where it has a value or stands alone, and each of its components. */
function observationEvents(resource: Json, times: Times, options: ConvertOptions): DataEvent[] {
  const { concepts, skips, zeroAsMissing } = options;
  const components = asObjects(resource.component);
  const isPanel = (components.length > 0 || asObjects(resource.hasMember).length > 0) && !hasValue(resource);
  if (isPanel) skips.add('panel');
  const events: DataEvent[] = [];
  for (const holder of isPanel ? components : [resource, ...components]) {
    if (isAbsent(holder)) {
      skips.add('data-absent');
      continue;
    }
    const codes = concepts.codesOf(asObject(holder.code));
    if (codes.length === 0) {
      skips.add('no-code');
      continue;
    }
    const observed = observedValue(holder, zeroAsMissing);
    const table = typeof observed.value === 'number' ? 'measurement' : 'observation';
    events.push(makeEvent(codes, observed, times, table, options));
  }
  return events;
}

function makeEvent(
  codes: readonly string[],
  { value, unit }: ObservedValue,
  { start, end }: Times,
  omopTable: string,
  { concepts }: ConvertOptions,
): DataEvent {
  const { code, candidates } = concepts.conceptOf(codes);
  const event: DataEvent = { code, value, unit, start, end, omopTable };
  if (candidates !== undefined) event.candidates = candidates;
  return event;
}
