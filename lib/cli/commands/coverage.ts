import type { Command } from 'commander';
import { Option } from 'commander';
import type { DataKind, Dataset } from '../../index.ts';
import {
  ClmbrError,
  ClmbrTokenizer,
  CodeMapper,
  dataKinds,
  formatReport,
  inspectModel,
  openDataset,
  readCodeTable,
  ReportCollector,
  readUnitRules,
  writeReport,
} from '../../index.ts';
import type { Context } from '../options.ts';
import { print } from '../output.ts';
import { refuseInputAsOutput } from '../own-input.ts';
import { startProgress } from '../progress.ts';
import { count } from '../text.ts';

interface CoverageCommandFlags {
  input?: DataKind;
  map?: string;
  convertUnits?: string;
  zeroAsMissing: boolean;
  skipBadRows: boolean;
  json: boolean;
  out?: string;
  quiet: boolean;
}

export function addCoverage(program: Command, { signal }: Context): void {
  program
    .command('coverage')
    .summary('report how much is understood')
    .description(
      'Reads all patients and prints which of their codes and values the vocabulary understands, without running the model.',
    )
    .argument('<vocabulary>', 'a converted model.gguf, or a tokenizer_config.json')
    .argument('<data>', 'JSON Lines (- is standard input), a MEDS, OMOP or FHIR folder')
    .addOption(new Option('--input <format>', 'form of the data (default: as it is recognised)').choices(dataKinds))
    .option('--map <codes.csv>', 'table of codes with the columns from and to')
    .option('--convert-units <rules.csv>', 'conversions of values with the columns code, unit, factor and offset')
    .option('--zero-as-missing', 'a value of 0 counts as missing, as in hf_ehr over MEDS', false)
    .option('--skip-bad-rows', 'count rows that break the format instead of failing', false)
    .option('--json', 'print JSON', false)
    .option('--out <file>', 'write the report as JSON to a file, too')
    .option('--quiet', 'no progress on standard error', false)
    .action((vocabulary: string, data: string, flags: CoverageCommandFlags) =>
      coverage(vocabulary, data, flags, signal),
    );
}

async function coverage(path: string, data: string, flags: CoverageCommandFlags, signal: AbortSignal): Promise<void> {
  const { input, map, convertUnits, zeroAsMissing, skipBadRows } = flags;
  const tokenizer = await ClmbrTokenizer.load(path);
  const contextLength = await contextLengthOf(path, signal);
  const table = map === undefined ? undefined : await readCodeTable(map);
  const units = convertUnits === undefined ? undefined : await readUnitRules(convertUnits);
  const dataset = await openDataset(data, { input, zeroAsMissing, skipBadRows, signal });
  try {
    if (flags.out !== undefined) await refuseInputAsOutput(flags.out, [path, ...dataset.files, map, convertUnits]);
    const candidates = (code: string) => dataset.candidates?.(code) ?? [];
    const mapper = new CodeMapper(tokenizer, { candidates, table, units });
    const collector = new ReportCollector(tokenizer, { dataset, mapper, contextLength });
    await collect(dataset, mapper, collector, flags);
    const report = collector.report();
    if (flags.out !== undefined) await writeReport(flags.out, report);
    await print(flags.json ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report));
  } finally {
    await dataset.close();
  }
}

async function collect(
  dataset: Dataset,
  mapper: CodeMapper,
  collector: ReportCollector,
  flags: { quiet: boolean },
): Promise<void> {
  const progress = startProgress('clmbr:', flags);
  let patients = 0;
  try {
    for await (const patient of dataset.patients()) {
      const mapped = mapper.mapPatient(patient);
      collector.addPatient(mapped);
      collector.addExpectedRows(mapped);
      patients++;
      progress.update(dataset.progress(), count(patients, 'patient'));
    }
  } finally {
    progress.stop();
  }
}

/** Tokens that fit a model; a vocabulary alone does not say. */
async function contextLengthOf(path: string, signal: AbortSignal): Promise<number | undefined> {
  try {
    return (await inspectModel(path, { digest: false, signal })).hyperparameters.contextLength;
  } catch (error) {
    if (error instanceof ClmbrError && error.code === 'NOT_A_MODEL') return undefined;
    throw error;
  }
}
