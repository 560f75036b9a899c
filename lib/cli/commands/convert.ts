import type { Command } from 'commander';
import { Option } from 'commander';
import type { ConvertType } from '../../index.ts';
import { convertCheckpoint } from '../../index.ts';
import type { Context } from '../options.ts';
import { wholeNumber } from '../options.ts';
import { print } from '../output.ts';
import { startProgress } from '../progress.ts';
import { grouped } from '../text.ts';

interface ConvertFlags {
  type?: ConvertType;
  ropeOriginalContext?: number;
  overwrite: boolean;
  quiet: boolean;
}

const stages = { read: 'reading', write: 'converting' } as const;

export function addConvert(program: Command, { signal }: Context): void {
  program
    .command('convert')
    .summary('make a GGUF file of a checkpoint')
    .description(
      'Converts a Hugging Face checkpoint (config.json, *.safetensors, tokenizer_config.json) to one GGUF file.',
    )
    .argument('<hf-folder>', 'folder of the checkpoint')
    .argument('<out.gguf>', 'file to write; it appears only when it is complete')
    .addOption(
      new Option('--type <type>', "type of the weights (default: the checkpoint's own)").choices([
        'f32',
        'f16',
        'bf16',
        'q8_0',
      ]),
    )
    .option(
      '--rope-original-context <n>',
      'tokens; replaces original_max_position_embeddings of config.json',
      wholeNumber(1, 999_999_999),
    )
    .option('--overwrite', 'replace <out.gguf> if it is there', false)
    .option('--quiet', 'no progress', false)
    .action((source: string, target: string, flags: ConvertFlags) => convert(source, target, flags, signal));
}

async function convert(source: string, target: string, flags: ConvertFlags, signal: AbortSignal): Promise<void> {
  const { quiet, ...options } = flags;
  const progress = startProgress('clmbr:', { quiet });
  try {
    const onProgress = ({ stage, done, total }: { stage: 'read' | 'write'; done: number; total: number }) =>
      progress.update(done / Math.max(1, total), stages[stage]);
    const result = await convertCheckpoint({ source, target, ...options, onProgress, signal });
    progress.stop();
    const vocabulary =
      result.vocabularySize === null
        ? 'no vocabulary: it works on token ids'
        : `${grouped(result.vocabularySize)} tokens`;
    await print(
      `${result.path}\n` +
        `${grouped(result.bytes)} bytes, ${result.type}, ${result.tensors} tensors, ${grouped(result.parameters)} parameters, ${vocabulary}\n` +
        `sha256 ${result.sha256}\n`,
    );
  } finally {
    progress.stop();
  }
}
