import type { AddonReport, AddonVariant } from '../native/index.ts';

export type { AddonReport, AddonVariant };

/** Something that can compute. */
export interface Device {
  /** As `device` of loadModel takes it: `cpu`, `cuda:0`. */
  name: string;
  /** `cpu`, `cuda`, `metal` or `vulkan`. */
  backend: string;
  description: string;
  /** In bytes. */
  memoryFree: number;
  /** In bytes. */
  memoryTotal: number;
}

/** A kind of device that cannot be used here, and why. */
export interface AbsentBackend {
  backend: 'cuda' | 'metal' | 'vulkan';
  /** One sentence. */
  reason: string;
}

/** What clmbr finds on this machine. */
export interface Diagnosis {
  /** Version of this package. */
  clmbr: string;
  /** What runs it, such as `Node 22.11.0`. */
  runtime: string;
  /** Version of ggml in the addon; null where none can be loaded. */
  ggml: string | null;
  /** As in `linux-x64`. */
  platform: string;
  /** Such as `glibc 2.36` or `musl`; null outside of Linux. */
  libc: string | null;
  processor: string;
  /** Threads that can run at once. */
  threads: number;
  /** Instruction sets that the CPU kernels can use here, the best first. */
  instructionSets: string[];
  /** The one that is used: the best, or what CLMBR_CPU names; null where that one is not there. */
  chosenInstructionSet: string | null;
  addons: AddonReport[];
  devices: Device[];
  absent: AbsentBackend[];
  /** Why models cannot run on the CPU, in one sentence; null where they can. */
  problem: string | null;
}
