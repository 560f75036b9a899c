import type { ClmbrTokenizer, Event } from '../../index.ts';
import { timeText } from '../../index.ts';
import { clean, colors, fit, grouped } from '../text.ts';

/** Days that are shown in full; the earlier ones are only counted. */
const shownDays = 9;

/** What matters most on a day comes first. */
const tables = [
  'death',
  'visit_occurrence',
  'condition_occurrence',
  'drug_exposure',
  'measurement',
  'procedure_occurrence',
];

/** Measurements whose course is worth a line of its own, if the patient has them. */
const courses = [
  ['LOINC/4548-4', 'Hemoglobin A1c'],
  ['LOINC/33914-3', 'Filtration rate (eGFR)'],
] as const;

/** A timeline in a few lines: who the patient is, the last days, and the course of what the demo is about. */
export function timelineLines(events: readonly Event[], tokenizer: ClmbrTokenizer, width: number): string[] {
  const days = byDay(events);
  const person = (days[0]?.[1] ?? []).filter(({ omopTable }) => omopTable === 'person');
  const rest = days.map(([day, all]) => [day, all.filter((event) => !person.includes(event))] as const);
  const visible = rest.filter(([, all]) => all.length > 0);
  const shown = visible.slice(-shownDays);
  const hidden = visible.length - shown.length;
  const lines = [
    `  ${colors.dim(days[0]?.[0] ?? '')}  ${person.map((event) => nameOf(event.code, tokenizer)).join(', ')}`,
  ];
  if (hidden > 0) lines.push(colors.dim(`              ... ${grouped(hidden)} earlier days ...`));
  for (const [day, all] of shown) lines.push(`  ${colors.dim(day)}  ${dayText(all, tokenizer, width - 14)}`);
  return [...lines, ...courseLines(events)];
}

function byDay(events: readonly Event[]): [string, Event[]][] {
  const days = new Map<string, Event[]>();
  for (const event of events) {
    const day = dayOf(event);
    const all = days.get(day);
    if (all === undefined) days.set(day, [event]);
    else all.push(event);
  }
  return [...days];
}

export function dayOf({ start }: Event): string {
  return typeof start === 'bigint' ? timeText(start).slice(0, 10) : '';
}

/** As many events as fit, the most telling ones first, and how many more there are. */
function dayText(events: readonly Event[], tokenizer: ClmbrTokenizer, width: number): string {
  const rank = ({ omopTable }: Event) => (tables.indexOf(omopTable ?? '') + tables.length + 1) % (tables.length + 1);
  const names = [...events].sort((a, b) => rank(a) - rank(b)).map((event) => eventText(event, tokenizer));
  let text = names[0]!;
  let taken = 1;
  for (; taken < names.length; taken++) {
    const more = ` +${names.length - taken} more`;
    if (text.length + 2 + names[taken]!.length + more.length > width) break;
    text += `; ${names[taken]!}`;
  }
  const left = names.length - taken;
  return left === 0 ? fit(text, width) : `${fit(text, width - 9)} ${colors.dim(`+${left} more`)}`;
}

function eventText({ code, value, unit }: Event, tokenizer: ClmbrTokenizer): string {
  const name = fit(nameOf(code, tokenizer), 36);
  if (typeof value === 'number') return `${name} ${Number(value.toPrecision(4))}${unit ? ` ${clean(unit)}` : ''}`;
  return typeof value === 'string' && value !== '' ? `${name}: ${clean(value)}` : name;
}

/** A code's description without what only a laboratory needs (`... in Blood`, `... by Automated count`). */
export function nameOf(code: string, tokenizer: ClmbrTokenizer): string {
  const [id] = tokenizer.idsOf(code);
  const description = id === undefined ? null : tokenizer.decode([id])[0]!.description;
  return clean(description?.replace(/ (\[|in |by |of |--).*$/, '') || code);
}

function courseLines(events: readonly Event[]): string[] {
  return courses.flatMap(([code, name]) => {
    const values = events.filter((event) => event.code === code && typeof event.value === 'number');
    if (values.length < 2) return [];
    const numbers = values.slice(-8).map(({ value }) => Number((value as number).toPrecision(3)));
    // UCUM writes what is no unit in braces.
    const unit = (values[0]!.unit ?? '').replace(/\/?\{.*?\}/g, '');
    return [`  ${colors.bold(name.padEnd(22))}  ${numbers.join(' → ')} ${clean(unit)}`.trimEnd()];
  });
}
