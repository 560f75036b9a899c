import type { Command } from 'commander';
import type { CoverageReport, EvaluatedPatient } from '../../index.ts';
import { timeText } from '../../index.ts';
import { addCoverage, coverageText } from '../coverage.ts';
import { inBatches, openPatients } from '../data.ts';
import { loadWithProgress } from '../model.ts';
import { rowAsTable } from '../next-events.ts';
import type { Context, CoverageFlags, DataFlags, ModelFlags } from '../options.ts';
import { addCoverageFlag, addDataFlags, addModelFlags, given, wholeNumber } from '../options.ts';
import { note, print } from '../output.ts';
import { jsonId } from '../text.ts';

interface NextFlags extends ModelFlags, DataFlags, CoverageFlags {
  top?: number;
  json: boolean;
}

type Row = EvaluatedPatient['rows'][number];

export function addNext(program: Command, { signal }: Context): void {
  const command = program
    .command('next')
    .summary('print the most probable next events')
    .description(
      'Prints the most probable next events of each patient, at the end of the timeline or at each label time.',
    )
    .argument('<model.gguf>', 'model that `clmbr convert` made')
    .argument('<data>', 'JSON Lines (- is standard input), a MEDS, OMOP or FHIR folder')
    .option('--top <k>', 'how many events (default: 10)', wholeNumber(1, 1_000_000))
    .option('--json', 'print JSON Lines: an object for each row', false);
  addModelFlags(addCoverageFlag(addDataFlags(command))).action((model: string, data: string, flags: NextFlags) =>
    next(model, data, flags, signal),
  );
}

async function next(modelPath: string, data: string, flags: NextFlags, signal: AbortSignal): Promise<void> {
  const model = await loadWithProgress(modelPath, flags, signal);
  try {
    const { patients } = await openPatients(data, model.tokenizer, flags, signal);
    const options = { ...given({ topK: flags.top, minCoverage: flags.minCoverage }), signal };
    let coverage: CoverageReport | undefined;
    for await (const batch of inBatches(patients)) {
      const result = await model.evaluate(batch, options);
      coverage = coverage === undefined ? result.coverage : addCoverage(coverage, result.coverage);
      for (const { id, rows } of result.patients)
        for (const row of rows) await print(flags.json ? rowAsJson(id, row) : rowAsTable(id, row, model.tokenizer));
    }
    const mapped = coverage === undefined || flags.quiet ? null : coverageText(coverage);
    if (mapped !== null) note(`clmbr: ${mapped}`);
  } finally {
    await model.dispose();
  }
}

function rowAsJson(id: EvaluatedPatient['id'], { time, ...row }: Row): string {
  const rest = JSON.stringify({ time: time === null ? null : timeText(time), ...row });
  return `{"patient":${jsonId(id)},${rest.slice(1)}\n`;
}
