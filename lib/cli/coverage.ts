import type { CoverageReport, DropReason } from '../index.ts';
import { count, grouped, percent } from './text.ts';

const reasons: Record<DropReason, string> = {
  'unknown-code': 'unknown code',
  'value-outside-ranges': 'value outside all ranges',
  'no-matching-category': 'no matching category',
  'no-plain-entry': 'code known with values only',
};

export function reasonText(reason: DropReason): string {
  return reasons[reason];
}

/** How much of the input the vocabulary knew, in a line without any code: an unknown one may be anything. Null where there were no events. */
export function coverageText({ events, mapped, share, dropped, emptyRows }: CoverageReport): string | null {
  if (events === 0) return null;
  const lost = (Object.entries(dropped) as [DropReason, number][]).filter(([, number]) => number > 0);
  const parts = [`${grouped(mapped)} of ${count(events, 'event')} mapped (${percent(share)})`];
  if (lost.length > 0)
    parts.push(`dropped: ${lost.map(([reason, n]) => `${grouped(n)} ${reasons[reason]}`).join(', ')}`);
  if (emptyRows > 0) parts.push(`${count(emptyRows, 'row')} without any token`);
  return parts.join('; ');
}

/** Both reports as one; the most frequent unknown codes are left out. */
export function addCoverage(a: CoverageReport, b: CoverageReport): CoverageReport {
  const events = a.events + b.events;
  const mapped = a.mapped + b.mapped;
  const dropped = { ...a.dropped };
  for (const reason of Object.keys(dropped) as DropReason[]) dropped[reason] += b.dropped[reason];
  return {
    events,
    mapped,
    share: events === 0 ? 1 : mapped / events,
    dropped,
    topUnmapped: [],
    patients: a.patients + b.patients,
    emptyRows: a.emptyRows + b.emptyRows,
  };
}
