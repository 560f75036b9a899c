import { Command } from 'commander';
import { addBuild } from './commands/build.ts';
import { addConvert } from './commands/convert.ts';
import { addCoverage } from './commands/coverage.ts';
import { addDemo } from './commands/demo.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEmbed } from './commands/embed.ts';
import { addEvaluate } from './commands/evaluate.ts';
import { addGenerate } from './commands/generate.ts';
import { addInspect } from './commands/inspect.ts';
import { addMerge } from './commands/merge.ts';
import { addNext } from './commands/next.ts';
import { addRisk } from './commands/risk.ts';
import { addTokenize } from './commands/tokenize.ts';
import { version } from '../index.ts';
import type { Context } from './options.ts';
import { oneLine } from './text.ts';

const dataHelp = `
<data> is a MEDS folder or Parquet file of events, an OMOP CDM (a folder of
CSV or Parquet tables, or a DuckDB file), FHIR R4 (bundles or NDJSON), or JSON
Lines; - is JSON Lines on standard input. A line of JSON Lines is a patient:
  {"id": 7, "events": [{"code": "LOINC/4548-4", "value": 7.1,
                        "start": "2020-05-01T08:30:00Z"}]}
An event may also have unit, end and omopTable. "at": [times] asks for a row at
each of these times. {"id": 7, "ids": [5, 0, 12]} gives token ids, not events.
Exit codes: 0, 1 failed, 2 wrong usage.`;

/** The whole command line. Each command loads the library only when it runs. */
export function createProgram(context: Context): Command {
  const program = new Command('clmbr')
    .description('Runs EHR foundation models of the CLMBR vocabulary: coded events in, vectors and next events out.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .option('--debug', 'print the stack of an error')
    .addHelpText('after', dataHelp)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      outputError: (text, write) => write(`clmbr: ${oneLine(text.replace(/^error: /, ''))} (see clmbr --help)\n`),
    });
  for (const add of [
    addConvert,
    addInspect,
    addEmbed,
    addNext,
    addEvaluate,
    addGenerate,
    addRisk,
    addMerge,
    addTokenize,
    addCoverage,
    addDemo,
    addDoctor,
    addBuild,
  ])
    add(program, context);
  for (const command of program.commands)
    command.copyInheritedSettings(program).helpOption('-h, --help', 'print this help');
  return program;
}
