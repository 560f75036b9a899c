import type { Command } from 'commander';
import { mergeOutputs, outputFormatOf } from '../../index.ts';
import { UsageError } from '../errors.ts';
import type { Context } from '../options.ts';
import { note } from '../output.ts';
import { count, grouped } from '../text.ts';

interface MergeFlags {
  out: string;
  quiet: boolean;
}

export function addMerge(program: Command, { signal }: Context): void {
  program
    .command('merge')
    .summary('put the outputs of shards together')
    .description(
      'Puts the outputs of all runs of `clmbr embed --shard I/N` together: the file is the one of the run without shards.',
    )
    .argument('<shards...>', 'outputs of all shards, each once and in any order')
    .requiredOption('--out <file>', 'file of the same kind as the shards; replaced when complete')
    .option('--quiet', 'no summary on standard error', false)
    .action((shards: string[], flags: MergeFlags) => merge(shards, flags, signal));
}

async function merge(shards: readonly string[], { out, quiet }: MergeFlags, signal: AbortSignal): Promise<void> {
  const format = outputFormatOf(out);
  if (format === undefined)
    throw new UsageError(`--out is "${out}", expected a name that ends in .npz, .npy, .parquet or .jsonl`);
  const other = shards.find((path) => outputFormatOf(path) !== format);
  if (other !== undefined) throw new UsageError(`"${other}" is no .${format} file, and --out asks for one`);
  const { rows, bytes } = await mergeOutputs(shards, out, { overwrite: true, signal });
  if (!quiet) note(`clmbr: ${out}: ${count(rows, 'row')} of ${count(shards.length, 'shard')}, ${grouped(bytes)} bytes`);
}
