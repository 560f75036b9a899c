import type { ClmbrTokenizer, EvaluatedPatient, EventSurprisal, Perplexity, TargetProbability } from '../index.ts';
import { timeText } from '../index.ts';
import { reasonText } from './coverage.ts';
import type { Listed } from './data.ts';
import { nextEventLines, rowTitle } from './next-events.ts';
import { bar, clean, colors, count, fit, jsonId, terminalWidth } from './text.ts';

/** All that was asked about a patient as a line of JSON. */
export function patientAsJson({ id, rows, surprisal, perplexity }: EvaluatedPatient): string {
  const dated = rows.map(({ time, ...row }) => ({ time: time === null ? null : timeText(time), ...row }));
  const rest = { ...(rows.length > 0 && { rows: dated }), surprisal, perplexity };
  return `{"patient":${jsonId(id)},${JSON.stringify(rest).slice(1)}\n`;
}

/** Tables of what was asked about a patient; nothing where only the perplexity of all was. */
export function patientAsText(patient: EvaluatedPatient, input: Listed, tokenizer: ClmbrTokenizer | null): string {
  const blocks = patient.rows.map((row) => [
    rowTitle(patient.id, row),
    ...(row.tokens === 0 || row.next.length > 0 ? nextEventLines(row.next, tokenizer) : []),
    ...targetLines(row.targets ?? []),
  ]);
  if (patient.surprisal !== undefined) {
    const title = colors.bold(`patient ${clean(String(patient.id))}`);
    blocks.push([`${title} ${colors.dim('(each event)')}`, ...surprisalLines(patient.surprisal, input, tokenizer)]);
  }
  return blocks.map((lines) => `${lines.join('\n')}\n\n`).join('');
}

/** The three numbers of a perplexity. */
export function perplexityAsText({ tokens, meanLogProb, ppl }: Perplexity): string {
  const show = (value: number): string => (Number.isNaN(value) ? 'none' : value.toPrecision(8));
  return [
    `${'tokens'.padEnd(15)}${tokens}`,
    `${'mean log-prob'.padEnd(15)}${show(meanLogProb)}`,
    `${'ppl'.padEnd(15)}${show(ppl)}`,
    '',
  ].join('\n');
}

function targetLines(targets: readonly TargetProbability[]): string[] {
  return targets.map(({ target, tokenCount, probability }) => {
    const name = typeof target === 'number' ? `token ${target}` : clean(String(target));
    const share = colors.cyan(bar(probability, 10));
    return `  ${`${(100 * probability).toPrecision(3)} %`.padStart(10)}  ${share}  ${colors.bold(name)}  ${colors.dim(count(tokenCount, 'token'))}`;
  });
}

function surprisalLines(
  surprisal: readonly EventSurprisal[],
  input: Listed,
  tokenizer: ClmbrTokenizer | null,
): string[] {
  const width = Math.floor((terminalWidth() - 37) / 2);
  const describe = (id: number): string =>
    clean(tokenizer !== null && id < tokenizer.size ? tokenizer.describe(id) : `token ${id}`);
  const head = `  ${'event'.padStart(6)}  ${'log-prob'.padStart(9)}  ${'rank'.padStart(7)}  what came, and what was expected`;
  const lines = surprisal.map(({ id, logProb, rank, expected, dropped }, i) => {
    const what = id === null ? codeOf(input, i) : describe(id);
    const numbers = [logProb?.toFixed(3) ?? '-', rank === null ? '-' : String(rank)];
    const start = `  ${colors.dim(String(i).padStart(6))}  ${numbers[0]!.padStart(9)}  ${numbers[1]!.padStart(7)}  `;
    if (dropped !== undefined) return `${start}${fit(clean(what), width)} ${colors.dim(`(${reasonText(dropped)})`)}`;
    const instead = expected === null || rank === 1 ? '' : `  not ${fit(describe(expected.id), width)}`;
    return `${start}${fit(what, width)}${colors.dim(instead)}`;
  });
  return [colors.dim(head), ...lines];
}

function codeOf(input: Listed, event: number): string {
  return 'events' in input ? (input.events[event]?.code ?? '') : '';
}
