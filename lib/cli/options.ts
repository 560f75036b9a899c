import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { isDeviceName } from '../index.ts';
import type { DataKind, DeviceName } from '../index.ts';

/** What a command gets from the process that it runs in. */
export interface Context {
  /** Aborts when the user stops the command. */
  signal: AbortSignal;
}

export interface ModelFlags {
  threads?: number;
  device?: DeviceName;
  compute?: 'f32' | 'int8';
  sha256?: string;
}

export interface DataFlags {
  input?: DataKind;
  map?: string;
  convertUnits?: string;
  exactCase: boolean;
  zeroAsMissing: boolean;
  skipBadRows: boolean;
  quiet: boolean;
}

export interface CoverageFlags {
  minCoverage?: number;
}

export function addModelFlags(command: Command): Command {
  return command
    .option('--threads <n>', 'threads that compute (default: all)', wholeNumber(1, 256))
    .option(
      '--device <device>',
      'auto, cpu, cuda, metal, vulkan or one of several as in cuda:1 (default: auto)',
      deviceName,
    )
    .addOption(
      new Option('--compute <type>', 'int8: faster, at a loss of accuracy (default: f32)').choices(['f32', 'int8']),
    )
    .option('--sha256 <digest>', 'refuse a model file with another digest', digest);
}

function digest(text: string): string {
  if (/^[0-9a-f]{64}$/i.test(text)) return text;
  throw new InvalidArgumentError('Expected 64 hexadecimal digits.');
}

function deviceName(text: string): DeviceName {
  if (isDeviceName(text)) return text;
  throw new InvalidArgumentError(
    'Expected auto, cpu, cpu-reference, cuda, metal, vulkan, or one of several as in cuda:1.',
  );
}

export function addDataFlags(command: Command): Command {
  return command
    .addOption(
      new Option('--input <format>', 'form of the data, instead of what its names tell').choices([
        'jsonl',
        'meds',
        'omop',
        'fhir',
      ]),
    )
    .option('--map <codes.csv>', 'codes that stand for others: columns from, to')
    .option('--convert-units <rules.csv>', 'conversions of values: columns code, unit, factor, offset')
    .option('--exact-case', 'codes in another letter case are other codes', false)
    .option('--zero-as-missing', 'take a value of 0 as missing, as hf_ehr does over MEDS', false)
    .option('--skip-bad-rows', 'count rows that break the format and go on', false)
    .option('--quiet', 'no progress and no summary on standard error', false);
}

export function addCoverageFlag(command: Command): Command {
  return command.option(
    '--min-coverage <share>',
    'fail when a smaller share of at least 100 events is in the vocabulary (default: 0.05)',
    share,
  );
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}

function share(text: string): number {
  const value = Number(text);
  if (/^[0-9]*\.?[0-9]+$/.test(text) && value <= 1) return value;
  throw new InvalidArgumentError('Expected a number from 0 to 1.');
}

/** Without the keys whose value is undefined: the library refuses options that it does not know, and takes absent ones as defaults. */
export function given<T extends object>(options: T): Partial<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;
}
