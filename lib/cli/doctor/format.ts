import type { Diagnosis } from '../../index.ts';
import { count, oneLine } from '../text.ts';

/** A diagnosis as people read it: one fact a line. */
export function formatDiagnosis(diagnosis: Diagnosis): string {
  const { addons, devices, absent } = diagnosis;
  const rows: [string, string][] = [
    ['clmbr', `${diagnosis.clmbr}, ggml ${diagnosis.ggml ?? 'unknown'}, ${diagnosis.runtime}`],
    ['platform', [diagnosis.platform, diagnosis.libc].filter(Boolean).join(', ')],
    ['processor', `${diagnosis.processor}, ${count(diagnosis.threads, 'thread')}`],
    ['instruction sets', instructionSets(diagnosis)],
    ...addons.map(({ variant, path, error }): [string, string] => {
      const state = error === null ? '' : path === null ? 'none' : ' (not loaded)';
      return [`addon (${variant})`, `${path ?? ''}${state}`];
    }),
    ...devices.map(({ name, description, memoryFree, memoryTotal }): [string, string] => {
      return [`device ${name}`, `${description}, ${gigabytes(memoryFree)} free of ${gigabytes(memoryTotal)}`];
    }),
    ...absent.map(({ backend, reason }): [string, string] => [`no ${backend}`, reason]),
    ['models', diagnosis.problem === null ? 'run on the CPU' : 'do not run'],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, text]) => `${name.padEnd(width)}${oneLine(text)}\n`).join('');
}

function instructionSets({ instructionSets: names, chosenInstructionSet }: Diagnosis): string {
  if (names.length === 0) return 'unknown';
  return names.map((name) => (name === chosenInstructionSet ? `${name} (used)` : name)).join(', ');
}

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
