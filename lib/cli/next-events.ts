import type { ClmbrTokenizer, NextEvent } from '../index.ts';
import { bar, clean, colors, fit, percent, terminalWidth } from './text.ts';

const barWidth = 10;
const longestCode = 24;

/** A table of next events: rank, probability, bar, code, and what it stands for. */
export function nextEventLines(next: readonly NextEvent[], tokenizer: ClmbrTokenizer | null): string[] {
  const codes = next.map((event) => fit(clean(event.code ?? event.token ?? `token ${event.id}`), longestCode));
  const codeWidth = Math.max(0, ...codes.map((code) => code.length));
  const rankWidth = String(next.length).length;
  const left = 2 + rankWidth + 2 + 7 + 2 + barWidth + 2 + codeWidth + 2;
  const most = next[0]?.probability ?? 1;
  return next.map((event, i) => {
    const rank = String(i + 1).padStart(rankWidth);
    const share = percent(event.probability).padStart(7);
    const drawn = colors.cyan(bar(event.probability / most, barWidth));
    const meaning = fit(meaningOf(event, tokenizer), terminalWidth() - left);
    return `  ${colors.dim(rank)}  ${share}  ${drawn}  ${colors.bold(codes[i]!.padEnd(codeWidth))}  ${meaning}`.trimEnd();
  });
}

/** The tokenizer's phrase without the code, which has a column of its own. */
export function meaningOf(
  { id, code }: { id: number; code?: string | null },
  tokenizer: ClmbrTokenizer | null,
): string {
  if (tokenizer === null || id >= tokenizer.size) return '';
  const phrase = tokenizer.describe(id);
  if (typeof code !== 'string') return clean(phrase.replace(/^\[\w+\] \((.*)\)$/, '$1'));
  if (phrase.startsWith(code)) return clean(phrase.slice(code.length).trimStart());
  return clean(phrase.replace(` (${code})`, ''));
}
