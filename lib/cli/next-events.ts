import type { ClmbrTokenizer, EvaluatedPatient, NextEvent } from '../index.ts';
import { timeText } from '../index.ts';
import { bar, clean, colors, count, fit, percent, terminalWidth } from './text.ts';

const barWidth = 10;
const longestCode = 24;

/** Which patient and label time a row is about, and what it rests on. */
export function rowTitle(id: EvaluatedPatient['id'], row: EvaluatedPatient['rows'][number]): string {
  const facts = [count(row.tokens, 'token')];
  if (row.time !== null) facts.unshift(`at ${timeText(row.time).replace('.000000Z', 'Z')}`);
  if (row.truncated) facts.push('cut to the context');
  if (row.dropped > 0) facts.push(`${count(row.dropped, 'event')} dropped`);
  return `${colors.bold(`patient ${clean(String(id))}`)} ${colors.dim(`(${facts.join(', ')})`)}`;
}

/** A row and its next events. */
export function rowAsTable(
  id: EvaluatedPatient['id'],
  row: EvaluatedPatient['rows'][number],
  tokenizer: ClmbrTokenizer | null,
): string {
  return `${[rowTitle(id, row), ...nextEventLines(row.next, tokenizer)].join('\n')}\n\n`;
}

/** A table of next events: rank, probability, bar, code, and what it stands for. */
export function nextEventLines(next: readonly NextEvent[], tokenizer: ClmbrTokenizer | null): string[] {
  if (next.length === 0) return ['  no token, so nothing to go by'];
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

/** What a token stands for, without the code: description, and range or category. */
function meaningOf(event: NextEvent, tokenizer: ClmbrTokenizer | null): string {
  const { kind, description } = event;
  if (kind === undefined) return '';
  if (kind === 'special') return clean(tokenizer!.describe(event.id)).replace(/^\[\w+\] \((.*)\)$/, '$1');
  return [clean(description ?? ''), valueOf(event, tokenizer!)].filter((part) => part !== '').join(' ');
}

/** The range or category of a token, as the tokenizer words it: `from 6.5 to 7.2`. */
export function valueOf({ id, code, description }: NextEvent, tokenizer: ClmbrTokenizer): string {
  const name = description ? `${description} (${code})` : (code ?? '');
  return clean(tokenizer.describe(id).slice(name.length).trim());
}
