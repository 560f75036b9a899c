import type { Command } from 'commander';
import { formatInspection, inspectModel } from '../../index.ts';
import type { Context } from '../options.ts';
import { print } from '../output.ts';
import { startProgress } from '../progress.ts';

export function addInspect(program: Command, { signal }: Context): void {
  program
    .command('inspect')
    .summary('print what a GGUF file holds')
    .description('Prints architecture, parameters, vocabulary, rotation settings, tensors and SHA-256 of a GGUF file.')
    .argument('<file>', 'GGUF file')
    .option('--json', 'print JSON', false)
    .action((file: string, flags: { json: boolean }) => inspect(file, flags, signal));
}

async function inspect(file: string, { json }: { json: boolean }, signal: AbortSignal): Promise<void> {
  // Only where somebody looks on: what a script calls should say nothing beside its output.
  const progress = startProgress('clmbr:', { quiet: !process.stderr.isTTY });
  try {
    const onProgress = (done: number, total: number) => progress.update(done / Math.max(1, total), 'computing sha256');
    const model = await inspectModel(file, { signal, onProgress });
    progress.stop();
    await print(`${json ? JSON.stringify(model, null, 2) : formatInspection(model)}\n`);
  } finally {
    progress.stop();
  }
}
