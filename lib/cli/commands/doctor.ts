import type { Command } from 'commander';
import { ClmbrError, diagnose } from '../../index.ts';
import { formatDiagnosis } from '../doctor/format.ts';
import type { Context } from '../options.ts';
import { print } from '../output.ts';

export function addDoctor(program: Command, _: Context): void {
  program
    .command('doctor')
    .summary('print what can compute here')
    .description(
      'Prints versions, instruction sets, addons and devices, and why others are absent. Fails where no model can run on the CPU.',
    )
    .option('--json', 'print JSON', false)
    .action(({ json }: { json: boolean }) => doctor(json));
}

async function doctor(json: boolean): Promise<void> {
  const diagnosis = diagnose();
  await print(json ? `${JSON.stringify(diagnosis, null, 2)}\n` : formatDiagnosis(diagnosis));
  if (diagnosis.problem === null) return;
  const isLoaded = diagnosis.addons[0]?.error === null;
  throw new ClmbrError(isLoaded ? 'DEVICE_UNAVAILABLE' : 'ADDON_UNAVAILABLE', diagnosis.problem);
}
