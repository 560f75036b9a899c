import type { Libc } from './binary-header.ts';
import { libcOfProgram } from './binary-header.ts';

/** What runs our JavaScript. */
export interface Engine {
  /** `Node`, `Electron`, `Bun` or `Deno`. */
  name: string;
  version: string;
  /** Version of Node, or of the Node that the runtime stands for. */
  node: string;
  /** Highest version of Node-API; 0: it has none. */
  napi: number;
}

/** The process that is to load an addon. */
export interface Runtime extends Engine {
  platform: string;
  arch: string;
  /** On Linux; null where it cannot be told, and elsewhere. */
  libc: Libc | null;
  /** Version of glibc in this process. */
  glibc: string | null;
}

const others = [
  ['Bun', 'bun'],
  ['Deno', 'deno'],
  ['Electron', 'electron'],
] as const;

export function currentEngine(): Engine {
  const versions: Record<string, string | undefined> = process.versions;
  const [name, key] = others.find(([, other]) => versions[other] !== undefined) ?? ['Node', 'node'];
  return {
    name,
    version: versions[key] ?? '',
    node: versions['node'] ?? '',
    napi: Number.parseInt(versions['napi'] ?? '0', 10) || 0,
  };
}

export function currentRuntime(): Runtime {
  const { platform, arch } = process;
  const glibc = platform === 'linux' ? glibcVersion() : null;
  let libc: Libc | null = null;
  if (platform === 'linux') libc = glibc !== null ? 'glibc' : (libcOfProgram(process.execPath) ?? 'musl');
  return { ...currentEngine(), platform, arch, libc, glibc };
}

/** The C library of this process, without asking for a report where its program tells: that takes milliseconds. */
export function currentLibc(): Libc | null {
  if (process.platform !== 'linux') return null;
  return libcOfProgram(process.execPath) ?? currentRuntime().libc;
}

function glibcVersion(): string | null {
  // Node's own; others may lack it, or answer with something else.
  const report = process.report as (NodeJS.ProcessReport & { excludeNetwork?: boolean }) | undefined;
  if (typeof report?.getReport !== 'function') return null;
  const { excludeNetwork } = report;
  try {
    // Asking for the names of network interfaces can take seconds.
    if (excludeNetwork !== undefined) report.excludeNetwork = true;
    const { header } = report.getReport() as { header?: { glibcVersionRuntime?: unknown } };
    return typeof header?.glibcVersionRuntime === 'string' ? header.glibcVersionRuntime : null;
  } catch {
    return null;
  } finally {
    if (excludeNetwork !== undefined) report.excludeNetwork = excludeNetwork;
  }
}
