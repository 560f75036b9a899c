import type { Command } from 'commander';
import { Option } from 'commander';
import type { ClmbrModel, CoverageReport, RiskEstimator, RiskProgress, RiskResult } from '../../index.ts';
import { addContinuationFlags, collectCodes, decimal, eachHistory, seedOf } from '../continuation.ts';
import type { ContinuationFlags, HistoryOf } from '../continuation.ts';
import { addCoverage, coverageText } from '../coverage.ts';
import { loadWithProgress } from '../model.ts';
import type { Context } from '../options.ts';
import { given, wholeNumber } from '../options.ts';
import { note, print } from '../output.ts';
import { startProgress } from '../progress.ts';
import { clean, colors, count, grouped, jsonId, percent } from '../text.ts';

interface RiskFlags extends ContinuationFlags {
  outcome: (string | number)[];
  horizon: number;
  samples?: number;
  estimator?: RiskEstimator;
  tolerance?: number;
  maxSamples?: number;
}

const mostSamples = 2 ** 31 - 1;

export function addRisk(program: Command, { signal }: Context): void {
  const command = program
    .command('risk')
    .summary('estimate how probable an outcome is')
    .description(
      'Estimates for each patient, or each label time, how probable an outcome is among the next events. For research only: a horizon counts events and not days, and nothing here is calibrated.',
    )
    .argument('<model.gguf>', 'model that `clmbr convert` made')
    .argument('<data>', 'JSON Lines (- is standard input), a MEDS, OMOP or FHIR folder')
    .requiredOption('--outcome <code>', 'code or token id that is the outcome; may be repeated', collectCodes)
    .requiredOption('--horizon <n>', 'how many events a future has', wholeNumber(1, 1_000_000))
    .option('--samples <n>', 'futures of each (default: 100)', wholeNumber(1, mostSamples))
    .addOption(
      new Option('--estimator <name>', 'how (default: monte-carlo)').choices(['monte-carlo', 'reach', 'scope']),
    )
    .option('--tolerance <e>', 'go on until the standard error is at most this', decimal(0, 1_000_000))
    .option('--max-samples <n>', 'where --tolerance gives up (default: 10000)', wholeNumber(1, mostSamples));
  addContinuationFlags(command, 'print JSON Lines: an object for each row').action(
    (model: string, data: string, flags: RiskFlags) => risk(model, data, flags, signal),
  );
}

async function risk(modelPath: string, data: string, flags: RiskFlags, signal: AbortSignal): Promise<void> {
  const model = await loadWithProgress(modelPath, flags, signal);
  try {
    let coverage: CoverageReport | undefined;
    for await (const history of eachHistory(data, model.tokenizer, flags, signal)) {
      const result = await riskOf(model, history, flags, signal);
      coverage = coverage === undefined ? result.coverage : addCoverage(coverage, result.coverage);
      await print(flags.json ? rowAsJson(history, result) : rowAsText(history, result));
    }
    const mapped = coverage === undefined || flags.quiet ? null : coverageText(coverage);
    if (mapped !== null) note(`clmbr: ${mapped}`);
  } finally {
    await model.dispose();
  }
}

async function riskOf(
  model: ClmbrModel,
  { patient, at, index, patients }: HistoryOf,
  flags: RiskFlags,
  signal: AbortSignal,
): Promise<RiskResult> {
  const { outcome, horizon, samples, estimator, tolerance, maxSamples, stop, seed, minCoverage, specialTokens } = flags;
  const options = given({ samples, estimator, tolerance, maxSamples, stop, minCoverage, specialTokens, at });
  const progress = startProgress('clmbr risk:', flags);
  const onProgress = ({ samples: done, totalSamples }: RiskProgress): void => {
    const share = patients === null ? null : Math.min(1, (index + done / totalSamples) / patients);
    progress.update(share, `patient ${grouped(index + 1)}, ${grouped(done)} of ${count(totalSamples, 'future')}`);
  };
  try {
    const more = seed === undefined ? {} : { seed: seedOf(seed)! };
    return await model.risk(patient, { ...options, ...more, outcome, horizon, onProgress, signal });
  } finally {
    progress.stop();
  }
}

function rowAsJson({ id, time }: HistoryOf, { coverage: _, ...result }: RiskResult): string {
  return `{"patient":${jsonId(id)},${JSON.stringify({ time, ...result }).slice(1)}\n`;
}

function rowAsText({ id, time }: HistoryOf, result: RiskResult): string {
  const { probability, expectedCount, standardError, interval, samples, horizon, history, estimator } = result;
  const facts = [count(history.tokens, 'token')];
  if (time !== null) facts.unshift(`at ${time.replace('.000000Z', 'Z')}`);
  if (history.truncated) facts.push('cut to the context');
  if (history.dropped > 0) facts.push(`${count(history.dropped, 'event')} dropped`);
  const show = (value: number): string => (probability === null ? value.toFixed(3) : percent(value));
  const what = `within ${count(horizon, 'event')}`;
  const number =
    probability === null ? `${show(expectedCount!)} outcome events expected ${what}` : `${show(probability)} ${what}`;
  const error = Number.isFinite(standardError) ? ` (standard error ${show(standardError)})` : '';
  return [
    `${colors.bold(`patient ${clean(String(id))}`)} ${colors.dim(`(${facts.join(', ')})`)}`,
    `  ${colors.bold(number)}${error}, 95 % interval ${show(interval[0])} to ${show(interval[1])}`,
    `  ${colors.dim(`${count(samples, 'future')}, ${estimator}`)}`,
    '',
    '',
  ].join('\n');
}
