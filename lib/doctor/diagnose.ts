import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { currentRuntime, describeAddon, loadAddon } from '../native/index.ts';
import type { AddonReport, AddonVariant } from '../native/index.ts';
import { absentBackends } from './absent.ts';
import type { Device, Diagnosis } from './diagnosis.ts';
import { version } from '../version.ts';

interface System {
  ggml: string;
  kernels: string[];
  /** Compiled in, besides the CPU. */
  backends?: string[];
  devices?: Device[];
}

/**
 * What clmbr finds on this machine: its versions, addons, instruction sets and devices, and why others are absent. Loads every
 * addon that is installed; never throws.
 */
export function diagnose(): Diagnosis {
  const runtime = currentRuntime();
  const [standard, cuda] = [examine('default'), examine('cuda')];
  const { system } = standard;
  const instructionSets = system?.kernels ?? [];
  const wanted = process.env['CLMBR_CPU'] ?? '';
  const chosen = wanted === '' ? instructionSets[0] : instructionSets.find((name) => name === wanted);
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor';
  const devices = devicesOf(system, cuda.system, processor);
  const backends = new Set([...(system?.backends ?? []), ...(cuda.system?.backends ?? [])]);
  const reports = [standard.report, cuda.report];
  return {
    clmbr: version,
    runtime: `${runtime.name} ${runtime.version}`,
    ggml: system?.ggml ?? cuda.system?.ggml ?? null,
    platform: `${runtime.platform}-${runtime.arch}`,
    libc: runtime.glibc === null ? runtime.libc : `glibc ${runtime.glibc}`,
    processor,
    threads: availableParallelism(),
    instructionSets,
    chosenInstructionSet: chosen ?? null,
    addons: reports,
    devices,
    absent: absentBackends({ platform: runtime.platform, backends, devices, cudaError: cuda.report.error }),
    problem: standard.report.error ?? problemOf(instructionSets, wanted, chosen),
  };
}

interface Examined {
  report: AddonReport;
  system: System | undefined;
}

function examine(variant: AddonVariant): Examined {
  const report = describeAddon(variant);
  if (report.error !== null) return { report, system: undefined };
  try {
    return { report, system: loadAddon(variant).system() };
  } catch (error) {
    // It was loaded, and then a driver failed.
    return {
      report: { ...report, error: `The addon was loaded but does not answer: ${(error as Error).message}` },
      system: undefined,
    };
  }
}

/** Devices of both addons, each once. The second has a CPU too, which is never used. */
function devicesOf(standard: System | undefined, cuda: System | undefined, description: string): Device[] {
  const devices = [...(standard?.devices ?? [])];
  if (standard !== undefined && !devices.some((device) => device.backend === 'cpu')) {
    const [memoryFree, memoryTotal] = [freemem(), totalmem()];
    devices.unshift({ name: 'cpu', backend: 'cpu', description, memoryFree, memoryTotal });
  }
  for (const device of cuda?.devices ?? [])
    if (device.backend !== 'cpu' && !devices.some(({ name }) => name === device.name)) devices.push(device);
  return devices;
}

function problemOf(instructionSets: string[], wanted: string, chosen: string | undefined): string | null {
  if (chosen !== undefined) return null;
  const there = instructionSets.join(', ');
  return `CLMBR_CPU is ${JSON.stringify(wanted)}, but the instruction sets of this processor are ${there}; unset it or name one of these.`;
}
