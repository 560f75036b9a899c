import type { Command } from 'commander';
import { Option } from 'commander';
import type { ClmbrModel, ClmbrTokenizer, Future, FutureWriter, WhenFull } from '../../index.ts';
import { createFutureWriter } from '../../index.ts';
import { addContinuationFlags, collectCodes, decimal, eachHistory, seedOf } from '../continuation.ts';
import type { ContinuationFlags, HistoryOf } from '../continuation.ts';
import { UsageError } from '../errors.ts';
import { loadWithProgress } from '../model.ts';
import type { Context } from '../options.ts';
import { given, wholeNumber } from '../options.ts';
import { note, print } from '../output.ts';
import { refuseInputAsOutput } from '../own-input.ts';
import { clean, colors, count, fit, grouped, jsonId, terminalWidth } from '../text.ts';

interface GenerateFlags extends ContinuationFlags {
  out?: string;
  samples?: number;
  maxEvents?: number;
  temperature?: number;
  topK?: number;
  topP?: number;
  forbid?: (string | number)[];
  minEvents?: number;
  whenFull?: WhenFull;
}

export function addGenerate(program: Command, { signal }: Context): void {
  const command = program
    .command('generate')
    .summary('simulate how timelines go on')
    .description(
      'Simulates how each timeline goes on after its end, or after each label time. For research only: the released models have no times, and their card calls generation untested.',
    )
    .argument('<model.gguf>', 'model that `clmbr convert` made')
    .argument('<data>', 'JSON Lines (- is standard input), a MEDS, OMOP or FHIR folder')
    .option('--samples <n>', 'futures of each (default: 1)', wholeNumber(1, 2 ** 31 - 1))
    .option('--max-events <n>', 'longest future (default: 128)', wholeNumber(1, 1_000_000))
    .option('--temperature <t>', '0: always the most probable event (default: 1)', decimal(0, 1000))
    .option('--top-k <k>', 'draw among so many most probable events (default: all)', wholeNumber(0, 2 ** 31 - 1))
    .option('--top-p <p>', 'draw among those that reach this probability (default: 1)', decimal(0, 1))
    .option('--forbid <code>', 'code or token id that is never drawn; may be repeated', collectCodes)
    .option('--min-events <n>', 'events before [EOS] or --stop can be drawn (default: 0)', wholeNumber(0, 1_000_000))
    .addOption(new Option('--when-full <what>', 'when the context is full (default: stop)').choices(['stop', 'roll']));
  command.option('--out <file>', 'write x.parquet or x.jsonl instead of printing; replaced when complete');
  addContinuationFlags(command, 'print JSON Lines: an object for each future').action(
    (model: string, data: string, flags: GenerateFlags) => generate(model, data, flags, signal),
  );
}

async function generate(modelPath: string, data: string, flags: GenerateFlags, signal: AbortSignal): Promise<void> {
  const { out, quiet } = flags;
  if (out !== undefined && !/\.(parquet|jsonl)$/.test(out))
    throw new UsageError(`--out is "${out}", expected a name that ends in .parquet or .jsonl`);
  if (out !== undefined) await refuseInputAsOutput(out, [modelPath]);
  const model = await loadWithProgress(modelPath, flags, signal);
  let writer: FutureWriter | undefined;
  try {
    if (out !== undefined) writer = await createFutureWriter(out, { overwrite: true });
    let dropped = 0;
    for await (const history of eachHistory(data, model.tokenizer, flags, signal, out))
      dropped += await giveFutures(model, history, flags, writer, signal);
    const written = await writer?.commit(signal);
    if (written !== undefined && !quiet)
      note(`clmbr: ${out}: ${count(written.futures, 'future')}, ${grouped(written.bytes)} bytes`);
    if (dropped > 0 && !quiet) note(`clmbr: ${count(dropped, 'event')} dropped: not in the vocabulary`);
  } catch (error) {
    await writer?.discard();
    throw error;
  } finally {
    await model.dispose();
  }
}

/** Returns the number of the history's events that gave no token. */
async function giveFutures(
  model: ClmbrModel,
  history: HistoryOf,
  flags: GenerateFlags,
  writer: FutureWriter | undefined,
  signal: AbortSignal,
): Promise<number> {
  const { samples, maxEvents, temperature, topK, topP, forbid, stop, minEvents, whenFull, seed, minCoverage } = flags;
  const options = given({
    ...{ samples, maxEvents, temperature, topK, topP, forbid, stop, minEvents, whenFull, minCoverage },
    ...{ at: history.at, seed: seedOf(seed), specialTokens: flags.specialTokens },
  });
  let dropped = 0;
  for await (const future of model.generate(history.patient, { ...options, signal })) {
    ({ dropped } = future.history);
    if (writer !== undefined) await writer.append({ patient: history.id, time: history.at ?? null }, future);
    else await print(flags.json ? futureAsJson(history, future) : futureAsText(history, future, model.tokenizer));
  }
  return dropped;
}

function futureAsJson({ id, time }: HistoryOf, future: Future): string {
  return `{"patient":${jsonId(id)},${JSON.stringify({ time, ...future }).slice(1)}\n`;
}

const endings: Record<Future['stopReason'], string> = {
  eos: 'the timeline ends',
  stop: 'a stop code came',
  maxEvents: 'as long as asked',
  context: 'the context is full',
};

function futureAsText(
  { id, time }: HistoryOf,
  { sample, events, stopReason, history }: Future,
  tokenizer: ClmbrTokenizer | null,
): string {
  const facts = [`after ${count(history.tokens, 'token')}`];
  if (time !== null) facts.unshift(`at ${time.replace('.000000Z', 'Z')}`);
  if (history.truncated) facts.push('cut to the context');
  const width = String(events.length).length;
  const lines = events.map(({ id: token, logProb }, i) => {
    const share = `${(100 * Math.exp(logProb)).toFixed(1)} %`.padStart(7);
    const known = tokenizer !== null && token < tokenizer.size;
    const meaning = fit(clean(known ? tokenizer.describe(token) : `token ${token}`), terminalWidth() - width - 13);
    return `  ${colors.dim(String(i + 1).padStart(width))}  ${share}  ${meaning}`.trimEnd();
  });
  const title = `${colors.bold(`patient ${clean(String(id))}, future ${grouped(sample)}`)} ${colors.dim(`(${facts.join(', ')})`)}`;
  return [title, ...lines, `  ${colors.dim(`${count(events.length, 'event')}: ${endings[stopReason]}`)}`, '', ''].join(
    '\n',
  );
}
