import { checkBoolean, checkOptions, invalidArgument, optional, readable } from '../options.ts';
import type { DataReport } from './report.ts';

const width = 100;
const listed = 15;

export interface FormatReportOptions {
  /** Show unknown codes and units as the data has them. False for logs: what stands in a column of codes or units may be anything. Default true. */
  texts?: boolean | undefined;
}

/** The report as a page of text for people, without control characters. Lines have at most 100 characters. */
export function formatReport(report: DataReport, options: FormatReportOptions = {}): string {
  const { texts } = checkOptions<FormatReportOptions>(options, 'options', ['texts']);
  const withTexts = optional(texts, true, (value) => checkBoolean(value, 'texts'));
  return readable('report', () => format(report, withTexts));
}

function format(report: DataReport, texts: boolean): string {
  if (typeof report !== 'object' || report?.version !== 1) throw invalidArgument('report', 'a report', report);
  const sections = [
    summary(report),
    reasons(report),
    texts ? unmapped(report) : [],
    lengths(report),
    units(report, texts),
  ];
  return `${sections
    .flat()
    .map((line) => cut(clean(line), width))
    .join('\n')}\n`;
}

function summary({ input, patients, events, mapped, share, rows }: DataReport): string[] {
  const from = input === null ? '' : ` (${input})`;
  const parts = [`${number(rows.total)} rows`];
  if (rows.empty > 0) parts.push(`${number(rows.empty)} without any token`);
  if (rows.truncated !== null) parts.push(`${number(rows.truncated)} longer than the context`);
  if (rows.beforeFirstEvent > 0) parts.push(`${number(rows.beforeFirstEvent)} label times before the first event`);
  return [
    `${number(patients)} patients${from}, ${number(events)} events, ${number(mapped)} understood (${percent(share)})`,
    parts.join(', '),
  ];
}

const ruleTexts: Record<string, string> = {
  table: 'by the table of codes',
  same: 'as they are',
  separator: 'with another separator',
  parent: 'as a parent code',
  standard: 'as the standard concept',
  coding: 'by another coding',
  'maps-to': 'by a Maps to relationship',
  'letter-case': 'in another letter case',
  unknown: 'unknown',
};

const dropTexts: Record<string, string> = {
  'unknown-code': 'unknown code',
  'value-outside-ranges': 'value outside all ranges of its code',
  'no-matching-category': 'text in no category of its code',
  'no-plain-entry': 'code known with values only',
};

function reasons({ mapping, dropped, skipped, unknownTargets }: DataReport): string[] {
  const { added = 0, ...rules } = mapping ?? {};
  const notes = [];
  if (added > 0) notes.push(`  ${number(added)} events added: a code of the table has several targets`);
  if (unknownTargets > 0)
    notes.push(`  ${number(unknownTargets)} targets of the table are not in the vocabulary and were passed over`);
  return [
    ...table('Codes found', rules, ruleTexts),
    ...notes,
    ...table('Events dropped', dropped, dropTexts),
    ...table('Left out by the reader', skipped, {}),
  ];
}

/** A count for each name, largest first; nothing where all are 0. */
function table(title: string, counts: Record<string, number>, texts: Record<string, string>): string[] {
  const rows = Object.entries(counts).filter(([, count]) => count > 0);
  if (rows.length === 0) return [];
  rows.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return ['', title, ...rows.map(([name, count]) => `${right(count)}  ${texts[name] ?? name}`)];
}

function unmapped({ topUnmapped }: DataReport): string[] {
  if (topUnmapped.length === 0) return [];
  const rows = topUnmapped
    .slice(0, listed)
    .map(({ code, count, description }) => `${right(count)}  ${code}${description === null ? '' : `  ${description}`}`);
  return ['', 'Most frequent unknown codes', ...rows];
}

function lengths({ tokens, tokensPerPatient: spread }: DataReport): string[] {
  if (spread === null) return [];
  const { mean, ...quantiles } = spread;
  const texts = Object.entries(quantiles).map(([name, value]) => `${name} ${number(value)}`);
  return ['', `Tokens of a patient (${number(tokens)} in all, mean ${mean.toFixed(1)})`, `  ${texts.join('  ')}`];
}

function units({ suspects, conversions, values }: DataReport, texts: boolean): string[] {
  const lines: string[] = [];
  if (suspects.length > 0) {
    lines.push(
      '',
      'Values that pile up at one end of the ranges: is the unit that of the training data?',
      ...suspects.slice(0, listed).map(({ code, unit, end, share, values: count, description }) => {
        const name = unit === null ? ' [all units]' : texts ? ` [${unitName(unit)}]` : '';
        return `  ${code}${name}: ${percent(share)} of ${number(count)} in the ${end} range  ${description ?? ''}`.trimEnd();
      }),
      ...(suspects.length > listed ? [`  and ${number(suspects.length - listed)} more`] : []),
    );
  }
  if (conversions.length > 0) {
    lines.push('', 'Units converted');
    for (const { code, unit, factor, offset, events } of conversions)
      lines.push(`${right(events)}  ${code} [${unitName(unit)}] * ${factor} + ${offset}`);
  }
  const checked = values.reduce((sum, { values: count }) => sum + count, 0);
  const mixed = values.filter((value) => value.units.length > 1).length;
  if (checked > 0)
    lines.push(
      '',
      `${number(checked)} values of ${number(values.length)} codes with ranges; ${number(mixed)} codes in several units`,
    );
  return lines;
}

const unitName = (unit: string): string => (unit === '' ? 'no unit' : unit);

const number = (value: number): string => Math.round(value).toLocaleString('en-US');

const right = (value: number): string => `  ${number(value).padStart(13)}`;

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Codes come from files that anybody may have written, and go to terminals. */
const clean = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd');

function cut(text: string, most: number): string {
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}
