import type { Command } from 'commander';
import { Option } from 'commander';
import type { ClmbrModel, CoverageReport, RowWriter } from '../../index.ts';
import { JsonlWriter, NpzWriter } from '../../index.ts';
import type { PatientSource } from '../data.ts';
import { openPatients } from '../data.ts';
import { coverageText } from '../coverage.ts';
import { UsageError } from '../errors.ts';
import { loadWithProgress } from '../model.ts';
import type { Context, CoverageFlags, DataFlags, ModelFlags } from '../options.ts';
import { addCoverageFlag, addDataFlags, addModelFlags, given } from '../options.ts';
import { note } from '../output.ts';
import { startProgress } from '../progress.ts';
import { count, grouped } from '../text.ts';

interface EmbedFlags extends ModelFlags, DataFlags, CoverageFlags {
  out: string;
  pooling?: 'last' | 'mean' | 'max';
  representation?: 'hidden' | 'logits';
  recipe?: 'model-card';
  overflow?: 'last' | 'first' | 'mean' | 'error';
  sharing?: 'exact' | 'strided';
}

export function addEmbed(program: Command, { signal }: Context): void {
  const command = program
    .command('embed')
    .summary('turn patients into vectors')
    .description('Turns patients into vectors: one row for each patient, or for each of its label times.')
    .argument('<model.gguf>', 'model that `clmbr convert` made')
    .argument('<data>', 'patients, one a line; - is standard input')
    .requiredOption('--out <file>', 'x.npz, x.jsonl, or - for JSON Lines on standard output; replaced when complete')
    .addOption(
      new Option('--pooling <mode>', 'how states become a vector (default: last)').choices(['last', 'mean', 'max']),
    )
    .addOption(
      new Option('--representation <kind>', 'what a vector holds (default: hidden)').choices(['hidden', 'logits']),
    )
    .addOption(
      new Option('--recipe <name>', 'settings of the model card: special tokens, logits of the last position').choices([
        'ehrshot',
        'model-card',
      ]),
    )
    .addOption(
      new Option(
        '--overflow <mode>',
        'timelines longer than the context: keep the last or first tokens, average windows, or fail (default: last)',
      ).choices(['last', 'first', 'mean', 'error']),
    )
    .addOption(
      new Option(
        '--sharing <mode>',
        'label times beyond the context: a window for each, or shared ones, faster and approximate (default: exact)',
      ).choices(['exact', 'strided']),
    );
  addModelFlags(addCoverageFlag(addDataFlags(command))).action((model: string, data: string, flags: EmbedFlags) =>
    embed(model, data, flags, signal),
  );
}

async function embed(modelPath: string, data: string, flags: EmbedFlags, signal: AbortSignal): Promise<void> {
  const create = chooseWriter(flags.out);
  const model = await loadWithProgress(modelPath, flags, signal);
  try {
    const dimensions =
      flags.representation === 'logits' || flags.recipe === 'model-card'
        ? model.info.vocabularySize
        : model.info.hiddenSize;
    const writer = await create(dimensions);
    try {
      const { coverage, tokens, seconds } = await writeRows(
        model,
        await openPatients(data, signal),
        writer,
        flags,
        signal,
      );
      const { rows } = await writer.commit(signal);
      if (!flags.quiet) summarize(flags.out, rows, dimensions, tokens, seconds, coverage);
    } catch (error) {
      await writer.discard();
      throw error;
    }
  } finally {
    await model.dispose();
  }
}

type CreateWriter = (dimensions: number) => Promise<RowWriter>;

function chooseWriter(out: string): CreateWriter {
  if (out === '-') return () => Promise.resolve(JsonlWriter.to(process.stdout));
  if (out.endsWith('.jsonl')) return () => JsonlWriter.create(out, { overwrite: true });
  if (out.endsWith('.npz')) return (dimensions) => NpzWriter.create(out, { overwrite: true, dimensions });
  throw new UsageError(`--out is "${out}", expected a name that ends in .npz or .jsonl, or - (see clmbr embed --help)`);
}

async function writeRows(
  model: ClmbrModel,
  source: PatientSource,
  writer: RowWriter,
  flags: EmbedFlags,
  signal: AbortSignal,
) {
  const { pooling, representation, recipe, overflow, sharing, minCoverage } = flags;
  const progress = startProgress('clmbr:', flags);
  const begun = performance.now();
  const done = { patients: 0, tokens: 0, rows: 0 };
  // The chunk that is being computed.
  let current = { tokens: 0, totalTokens: 0, patients: 0 };
  const show = () => {
    const tokens = done.tokens + current.tokens;
    const patients = done.patients + current.patients * (current.tokens / Math.max(1, current.totalTokens));
    const all = source.estimatedPatients();
    const speed = (1000 * tokens) / Math.max(1, performance.now() - begun);
    progress.update(
      all === null ? null : Math.min(1, patients / all),
      `${count(Math.floor(patients), 'patient')}, ${grouped(speed)} tokens/s`,
    );
  };
  let coverage: CoverageReport | undefined;
  try {
    const onProgress = (chunk: { tokens: number; totalTokens: number; patients: number }) => {
      current = chunk;
      show();
    };
    const options = given({ pooling, representation, recipe, overflow, sharing, minCoverage, onProgress });
    for await (const chunk of model.embedStream(source.patients, { ...options, signal })) {
      await writer.append(chunk);
      done.patients += current.patients;
      done.tokens += current.totalTokens;
      current = { tokens: 0, totalTokens: 0, patients: 0 };
      coverage = chunk.coverage;
    }
  } finally {
    progress.stop();
  }
  return { coverage, tokens: done.tokens, seconds: (performance.now() - begun) / 1000 };
}

function summarize(
  out: string,
  rows: number,
  dimensions: number,
  tokens: number,
  seconds: number,
  coverage: CoverageReport | undefined,
): void {
  const speed = `${count(tokens, 'token')} in ${seconds.toFixed(1)} s`;
  note(`clmbr: ${out === '-' ? '' : `${out}: `}${count(rows, 'row')} of ${grouped(dimensions)} numbers; ${speed}`);
  const mapped = coverage === undefined ? null : coverageText(coverage);
  if (mapped !== null) note(`clmbr: ${mapped}`);
}
