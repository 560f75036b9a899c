import type { Command } from 'commander';
import { Option } from 'commander';
import type { ExtractOptions, ExtractResult, LabelRule } from '../../index.ts';
import { extractFeatures, formatReport, labelRules, outputFormatOf } from '../../index.ts';
import { dataOptions } from '../data.ts';
import { UsageError } from '../errors.ts';
import { loadWithProgress } from '../model.ts';
import type { Context, CoverageFlags, DataFlags, ModelFlags } from '../options.ts';
import { addCoverageFlag, addDataFlags, addModelFlags, given } from '../options.ts';
import { note } from '../output.ts';
import { startProgress } from '../progress.ts';
import { count, duration, grouped } from '../text.ts';

interface EmbedFlags extends ModelFlags, DataFlags, CoverageFlags {
  out: string;
  labels?: string;
  at?: LabelRule;
  skipUnknown: boolean;
  pooling?: 'last' | 'mean' | 'max';
  representation?: 'hidden' | 'logits';
  recipe?: 'model-card';
  overflow?: 'last' | 'first' | 'mean' | 'error';
  sharing?: 'exact' | 'strided';
  shard?: string;
  resume: boolean;
  restart: boolean;
}

export function addEmbed(program: Command, { signal }: Context): void {
  const command = program
    .command('embed')
    .summary('turn patients into vectors')
    .description(
      'Turns patients into vectors: one row for each label, in the order of the label file, or without labels one for each patient.',
    )
    .argument('<model.gguf>', 'model that `clmbr convert` made')
    .argument('<data>', 'patients: JSON Lines, a MEDS, OMOP or FHIR folder; - is standard input')
    .requiredOption(
      '--out <file>',
      'x.npz, .npy, .parquet, .jsonl, or - for JSON Lines on standard output; replaced when complete',
    );
  addModelFlags(addCoverageFlag(addDataFlags(addRunFlags(addVectorFlags(addLabelFlags(command)))))).action(
    (model: string, data: string, flags: EmbedFlags) => embed(model, data, flags, signal),
  );
}

function addLabelFlags(command: Command): Command {
  return command
    .option('--labels <file>', 'times to represent patients at: a MEDS label file or CSV')
    .addOption(new Option('--at <rule>', 'label times from the events instead').choices(labelRules).conflicts('labels'))
    .option('--skip-unknown', 'leave out labels whose patient the data does not have', false);
}

function addVectorFlags(command: Command): Command {
  return command
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
}

function addRunFlags(command: Command): Command {
  return command
    .option('--shard <I/N>', 'only a part of the patients, counted from 0; see clmbr merge')
    .option('--resume', 'go on with a run for the same output that was interrupted, or begin', false)
    .addOption(new Option('--restart', 'begin again where a run was interrupted').default(false).conflicts('resume'));
}

async function embed(modelPath: string, data: string, flags: EmbedFlags, signal: AbortSignal): Promise<void> {
  const { out } = flags;
  if (out !== '-' && outputFormatOf(out) === undefined)
    throw new UsageError(
      `--out is "${out}", expected a name that ends in .npz, .npy, .parquet or .jsonl, or - (see clmbr embed --help)`,
    );
  const model = await loadWithProgress(modelPath, flags, signal);
  const progress = startProgress('clmbr:', flags);
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  let result: ExtractResult;
  try {
    result = await extractFeatures(model, data, {
      ...optionsOf(flags),
      ...{ out: out === '-' ? process.stdout : out, signal },
      onProgress: ({ patients, resumedPatients, tokens, share }) => {
        const left = share === null || share === 0 ? '' : `, ${duration(seconds() * (1 / share - 1))} left`;
        const speed = `${grouped(tokens / Math.max(0.001, seconds()))} tokens/s`;
        progress.update(share, `${count(resumedPatients + patients, 'patient')}, ${speed}${left}`);
      },
    });
  } finally {
    progress.stop();
    await model.dispose();
  }
  if (!flags.quiet) summarize(out, result, seconds());
}

function optionsOf(flags: EmbedFlags): Omit<ExtractOptions, 'out'> {
  const { labels, at, skipUnknown, pooling, representation, recipe, overflow, sharing, minCoverage, shard } = flags;
  return {
    ...dataOptions(flags),
    ...given({ labels, at, pooling, representation, recipe, overflow, sharing, minCoverage, shard }),
    skipUnknown,
    unfinished: flags.resume ? 'resume' : flags.restart ? 'restart' : 'refuse',
  };
}

function summarize(out: string, result: ExtractResult, seconds: number): void {
  const { rows, dimensions, tokens, resumedPatients, report, reportPath, labels } = result;
  const name = out === '-' ? '' : `${out}: `;
  const resumed = resumedPatients > 0 ? `; ${count(resumedPatients, 'patient')} done before` : '';
  note(
    `clmbr: ${name}${count(rows, 'row')} of ${grouped(dimensions)} numbers; ${count(tokens, 'token')} in ${seconds.toFixed(1)} s${resumed}`,
  );
  if (labels !== null && labels.withoutLabels > 0)
    note(`clmbr: ${count(labels.withoutLabels, 'patient')} without a label left out`);
  if (labels !== null && labels.unknownLabels > 0)
    note(
      `clmbr: ${count(labels.unknownLabels, 'label')} of ${count(labels.unknownPatients, 'patient')} that the data does not have left out`,
    );
  if (report === null) return;
  process.stderr.write(`\n${formatReport(report, { texts: false })}`);
  if (reportPath !== null) note(`\nclmbr: the report as JSON: ${reportPath}`);
}
