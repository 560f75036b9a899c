import type { CodeCandidate, MappingRule } from '../data/dataset.ts';
import type { CodeTable } from './code-table.ts';
import type { KnownCodes } from './known-codes.ts';

/** What stands for a code: one code of the vocabulary, or several of the user's table. */
export interface Resolution {
  rule: MappingRule;
  codes: readonly string[];
}

export interface Sources {
  known: KnownCodes;
  table?: CodeTable | undefined;
  /** Whether another letter case is another code. */
  exactCase: boolean;
}

/**
 * The first candidate that the vocabulary has: the user's table, the code, the code with one separator, what the data names, and last all of
 * these in another letter case. Undefined where it has none.
 */
export function resolve(
  code: string,
  candidates: readonly CodeCandidate[],
  { known, table, exactCase }: Sources,
): Resolution | undefined {
  const targets = table?.targetsOf(code).filter((target) => known.has(target)) ?? [];
  if (targets.length > 0) return { rule: 'table', codes: targets };
  const separated = withOneSeparator(code);
  const all: CodeCandidate[] = [
    { code, rule: 'same' },
    ...(separated === undefined ? [] : [{ code: separated, rule: 'separator' as const }]),
    ...candidates,
  ];
  const found = all.find((candidate) => known.has(candidate.code));
  if (found !== undefined) return { rule: found.rule, codes: [found.code] };
  for (const candidate of exactCase ? [] : all) {
    const otherCase = known.inOtherCase(candidate.code);
    if (otherCase !== undefined) return { rule: 'letter-case', codes: [otherCase] };
  }
  return undefined;
}

/** `A//B` and `A//B//...` as `A/B`: how most MEDS data sets write vocabulary, code and what comes with it. */
function withOneSeparator(code: string): string | undefined {
  const first = code.indexOf('//');
  if (first <= 0) return undefined;
  const second = code.indexOf('//', first + 2);
  const end = second < 0 ? code.length : second;
  return end === first + 2 ? undefined : `${code.slice(0, first)}/${code.slice(first + 2, end)}`;
}
