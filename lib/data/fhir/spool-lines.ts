import type { DataEvent } from '../dataset.ts';
import type { Concepts } from './concepts.ts';
import type { Demographics } from './demographics.ts';

/** An event as a list: codes (the first is its own), value, unit, start, end, OMOP table. */
type Packed = [string | string[], DataEvent['value'], string | null, string | null, string | null, string];

/** What one resource says of a patient, as a line of text. */
export function toLine(id: string, content: Demographics | readonly DataEvent[]): string {
  if (!('first' in content)) return JSON.stringify([id, content.map(pack)]);
  return JSON.stringify([id, content.first.map(pack), content.death === undefined ? [] : [pack(content.death)]]);
}

export interface Unpacked {
  id: string;
  demographics: Demographics | undefined;
  events: DataEvent[];
}

export function fromLine(line: string, concepts: Concepts): Unpacked {
  const [id, packed, death] = JSON.parse(line) as [string, Packed[], Packed[] | undefined];
  const events = packed.map((event) => unpack(event, concepts));
  if (death === undefined) return { id, demographics: undefined, events };
  return { id, demographics: { first: events, death: death.map((event) => unpack(event, concepts))[0] }, events: [] };
}

function pack({ code, candidates, value, unit, start, end, omopTable }: DataEvent): Packed {
  const codes = candidates === undefined ? code : [code, ...candidates.map((candidate) => candidate.code)];
  // JSON has neither -0 nor large whole numbers: a vocabulary has no use for the former, times go as texts.
  return [codes, value, unit ?? null, start?.toString() ?? null, end?.toString() ?? null, omopTable!];
}

function unpack([codes, value, unit, start, end, omopTable]: Packed, concepts: Concepts): DataEvent {
  const { code, candidates } = concepts.conceptOf(typeof codes === 'string' ? [codes] : codes);
  const event: DataEvent = { code, value, unit, start: toTime(start), end: toTime(end), omopTable };
  if (candidates !== undefined) event.candidates = candidates;
  return event;
}

function toTime(text: string | null): bigint | null {
  return text === null ? null : BigInt(text);
}
