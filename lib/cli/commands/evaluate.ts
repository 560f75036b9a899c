import type { Command } from 'commander';
import type { ClmbrModel, CoverageReport, EvaluateOptions, EvaluateResult, Progress } from '../../index.ts';
import { collectCodes } from '../continuation.ts';
import { addCoverage, coverageText } from '../coverage.ts';
import type { Listed } from '../data.ts';
import { inBatches, openPatients } from '../data.ts';
import { UsageError } from '../errors.ts';
import { patientAsJson, patientAsText, perplexityAsText } from '../evaluation.ts';
import { loadWithProgress } from '../model.ts';
import type { Context, CoverageFlags, DataFlags, ModelFlags } from '../options.ts';
import { addCoverageFlag, addDataFlags, addModelFlags, given, wholeNumber } from '../options.ts';
import { note, print } from '../output.ts';
import { startProgress } from '../progress.ts';
import { count, grouped } from '../text.ts';

interface EvaluateFlags extends ModelFlags, DataFlags, CoverageFlags {
  top?: number;
  target?: (string | number)[];
  surprisal?: boolean;
  perplexity?: boolean;
  stride?: number;
  specialTokens?: boolean;
  json: boolean;
}

export function addEvaluate(program: Command, { signal }: Context): void {
  const command = program
    .command('evaluate')
    .summary('print how likely timelines are')
    .description(
      'Prints what the model makes of each patient: the next events, the probability of chosen ones, how surprising each event was, or the perplexity over all patients.',
    )
    .argument('<model.gguf>', 'model that `clmbr convert` made')
    .argument('<data>', 'JSON Lines (- is standard input), a MEDS, OMOP or FHIR folder')
    .option(
      '--top <k>',
      'how many next events (default: 10; 0 with just --surprisal or --perplexity)',
      wholeNumber(0, 1_000_000),
    )
    .option('--target <code...>', 'codes or token ids: how probable is each as the next event', collectCodes)
    .option('--surprisal', 'log-probability and rank of each event, and what was expected')
    .option('--perplexity', 'tokens, mean log-probability and perplexity over all; --json: also of each patient')
    .option(
      '--stride <n>',
      'past the context, tokens from window to window; 32 is the reference (default: half the context)',
      wholeNumber(1, 2 ** 31 - 1),
    )
    .option('--special-tokens', '[CLS] [BOS] before and [EOS] after the events; not for the perplexity')
    .option('--json', 'print JSON Lines: an object for each patient, then one for the perplexity over all', false);
  addModelFlags(addCoverageFlag(addDataFlags(command))).action((model: string, data: string, flags: EvaluateFlags) =>
    evaluate(model, data, flags, signal),
  );
}

async function evaluate(modelPath: string, data: string, flags: EvaluateFlags, signal: AbortSignal): Promise<void> {
  const { surprisal, perplexity, stride, specialTokens, minCoverage, json } = flags;
  if (stride !== undefined && !surprisal && !perplexity)
    throw new UsageError('--stride is for --perplexity or --surprisal');
  const asked = given({
    topK: flags.top,
    targets: flags.target,
    surprisal,
    perplexity,
    stride,
    specialTokens,
    minCoverage,
  });
  const model = await loadWithProgress(modelPath, flags, signal);
  try {
    const source = await openPatients(data, model.tokenizer, flags, signal);
    const total = { tokens: 0, sum: 0 };
    let coverage: CoverageReport | undefined;
    for await (const batch of inBatches(source.patients)) {
      const all = source.estimatedPatients();
      const before = all === null ? null : (source.patientsRead - batch.length) / all;
      const result = await evaluateBatch(model, batch, { ...asked, signal }, before, flags);
      coverage = coverage === undefined ? result.coverage : addCoverage(coverage, result.coverage);
      for (const [i, patient] of result.patients.entries()) {
        const text = json ? patientAsJson(patient) : patientAsText(patient, batch[i]!, model.tokenizer);
        if (text !== '') await print(text);
        total.tokens += patient.perplexity?.tokens ?? 0;
        if (patient.perplexity?.tokens) total.sum += patient.perplexity.tokens * patient.perplexity.meanLogProb;
      }
    }
    if (perplexity) {
      const meanLogProb = total.tokens === 0 ? NaN : total.sum / total.tokens;
      const overall = { tokens: total.tokens, meanLogProb, ppl: Math.exp(-meanLogProb) };
      await print(json ? `${JSON.stringify({ perplexity: overall })}\n` : perplexityAsText(overall));
    }
    const mapped = coverage === undefined || flags.quiet ? null : coverageText(coverage);
    if (mapped !== null) note(`clmbr: ${mapped}`);
  } finally {
    await model.dispose();
  }
}

/** Shows how far it is, and nothing while results are printed; `before` is the share of the patients that came before. */
async function evaluateBatch(
  model: ClmbrModel,
  batch: readonly Listed[],
  options: EvaluateOptions,
  before: number | null,
  flags: EvaluateFlags,
): Promise<EvaluateResult> {
  const progress = startProgress('clmbr evaluate:', flags);
  const onProgress = ({ tokens, totalTokens, patients }: Progress): void =>
    progress.update(before, `${grouped(tokens)} of ${count(totalTokens, 'token')} of ${count(patients, 'patient')}`);
  try {
    return await model.evaluate(batch, { ...options, onProgress });
  } finally {
    progress.stop();
  }
}
