import type { EvaluateOptions, EvaluateResult } from '../../../../lib/model/index.ts';
import { demand } from '../judge.ts';
import type { NaiveModel } from './naive-model.ts';
import type { NaiveRow } from './naive-rows.ts';
import { cut, scoredWindows } from './naive-rows.ts';

/** Between our log-softmax in F32 and one in F64 of the same logits. */
const tolerance = 1e-4;

interface Context {
  model: NaiveModel;
  contextLength: number;
}

const near = (a: number, b: number): boolean => Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b));

/** Next events are those of the softmax of the logits after the last token, in order. */
async function checkNext(
  row: EvaluateResult['patients'][number]['rows'][number],
  { ids, time, dropped }: NaiveRow,
  { overflow = 'last', topK, targets }: EvaluateOptions,
  { model, contextLength }: Context,
): Promise<void> {
  const used = cut(ids, contextLength, overflow === 'first' ? 'first' : 'last');
  demand(row.time === time && row.tokens === used.length && row.dropped === dropped, 'a row rests on something else');
  if (used.length === 0) return demand(row.next.length === 0, 'something comes after nothing');
  const logProbs = (await model.logProbs(used)).at(-1)!;
  if (topK !== undefined) demand(row.next.length === topK, `${row.next.length} next events, expected ${topK}`);
  const seen = new Set<number>();
  for (const [i, { id, logProb, probability }] of row.next.entries()) {
    seen.add(id);
    demand(near(logProb, logProbs[id]!), `the log-probability ${logProb} of ${id}, expected ${logProbs[id]}`);
    demand(near(probability, Math.exp(logProb)), `the probability ${probability} beside ${logProb}`);
    demand(i === 0 || row.next[i - 1]!.probability >= probability, 'next events are out of order');
  }
  demand(seen.size === row.next.length, 'a next event comes twice');
  const least = row.next.at(-1)?.logProb ?? Infinity;
  if (row.next.length > 0)
    demand(
      logProbs.every((one, id) => seen.has(id) || one <= least + tolerance),
      'a more probable event is missing',
    );
  for (const [i, target] of ((targets as number[][] | undefined) ?? []).entries()) {
    const sum = [...new Set(target)].reduce((total, id) => total + Math.exp(logProbs[id]!), 0);
    demand(near(row.targets![i]!.probability, sum), `target ${i} has ${row.targets![i]!.probability}, expected ${sum}`);
  }
}

/** Log-probability of every token from the second on, as the reference's loop over windows gives it. */
async function scoresOf(ids: readonly number[], stride: number, { model, contextLength }: Context): Promise<number[]> {
  const scores: number[] = [];
  for (const { begin, end, scored } of scoredWindows(ids.length, contextLength, stride)) {
    const logProbs = await model.logProbs(ids.slice(begin, end));
    for (let at = end - scored; at < end; at++) scores.push(logProbs[at - 1 - begin]![ids[at]!]!);
  }
  return scores;
}

/**
 * @param rows of each patient
 * @param whole tokens of each patient, whatever the label times, without special ones
 */
export async function checkEvaluation(
  result: EvaluateResult,
  rows: readonly (readonly NaiveRow[])[],
  whole: readonly (readonly number[])[],
  options: EvaluateOptions,
  context: Context,
): Promise<void> {
  demand(result.patients.length === rows.length, `${result.patients.length} patients of ${rows.length}`);
  const { perplexity = false, topK, targets, stride = Math.floor(context.contextLength / 2) } = options;
  const asksNext = topK !== 0 && (topK !== undefined || !(perplexity || options.surprisal === true));
  for (const [i, patient] of result.patients.entries()) {
    if (asksNext || targets !== undefined) {
      demand(patient.rows.length === rows[i]!.length, `patient ${i} has ${patient.rows.length} rows`);
      for (const [j, row] of patient.rows.entries()) await checkNext(row, rows[i]![j]!, options, context);
    }
    if (!perplexity) continue;
    const scores = await scoresOf(whole[i]!, stride, context);
    const { tokens, meanLogProb } = patient.perplexity!;
    demand(tokens === scores.length, `${tokens} tokens of patient ${i} were scored, expected ${scores.length}`);
    const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
    demand(
      scores.length === 0 ? Number.isNaN(meanLogProb) : near(meanLogProb, mean),
      `${meanLogProb} instead of ${mean}`,
    );
    const listed = result.perplexity!.logProbs;
    if (listed !== undefined)
      demand(
        scores.every((one, at) => near(listed[i]![at]!, one)),
        `patient ${i} has other log-probabilities`,
      );
  }
}
