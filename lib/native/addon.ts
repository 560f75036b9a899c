import { createRequire } from 'node:module';
import { ClmbrError } from '../errors.ts';
import type { BinaryHeader } from './binary-header.ts';
import { readBinaryHeader } from './binary-header.ts';
import { explainLoadFailure, explainRuntime } from './explain.ts';
import type { LoadFacts } from './load-facts.ts';
import type { Location, AddonVariant } from './locate.ts';
import { locate } from './locate.ts';
import { currentEngine, currentLibc, currentRuntime } from './runtime.ts';
import type { NativeAddon } from './types.ts';

const loaded = new Map<AddonVariant, { addon: NativeAddon; path: string }>();

/** What is known of a variant of the addon, for people. */
export interface AddonReport {
  variant: AddonVariant;
  /** The file that is or would be loaded; null where there is none. */
  path: string | null;
  /** Why it cannot be loaded, in one sentence; null where it is loaded. */
  error: string | null;
}

/**
 * The native addon of this platform, loaded on first use.
 *
 * @throws ClmbrError ADDON_UNAVAILABLE with the reason and what to do; `details.problem` names the kind of failure
 */
export function loadAddon(variant: AddonVariant): NativeAddon {
  const known = loaded.get(variant);
  if (known !== undefined) return known.addon;
  const location = locate(variant);
  const addon = open(variant, location);
  loaded.set(variant, { addon, path: location.file! });
  // No thread may outlive the process's own clean-up.
  process.once('exit', () => addon.stop());
  return addon;
}

/** The default addon: `loadAddon('default')`. */
export function addon(): NativeAddon {
  return loadAddon('default');
}

/** Whether and from where a variant can be loaded; loads it. Never throws. */
export function describeAddon(variant: AddonVariant): AddonReport {
  try {
    loadAddon(variant);
    return { variant, path: loaded.get(variant)!.path, error: null };
  } catch (error) {
    return { variant, path: locate(variant).file, error: (error as Error).message };
  }
}

function open(variant: AddonVariant, { version, file, missing }: Location): NativeAddon {
  let header: BinaryHeader | null = null;
  const refuse = (cause?: unknown): never => {
    const { message: reason = '', code = '' } = (cause ?? {}) as { message?: string; code?: string };
    const runtime = currentRuntime();
    throw failure({ variant, version, runtime, missing, file, header, reason, code }, cause);
  };
  if (file === null || explainRuntime(currentEngine()) !== undefined) return refuse();
  try {
    header = readBinaryHeader(file);
  } catch (cause) {
    return refuse(cause);
  }
  if (!fits(header)) return refuse();
  try {
    const addon = createRequire(file)(file) as Partial<NativeAddon> | null;
    if (typeof addon?.system !== 'function' || typeof addon.stop !== 'function')
      throw Object.assign(new Error('an addon, but not of clmbr'), { code: 'NOT_CLMBR' });
    return addon as NativeAddon;
  } catch (cause) {
    return refuse(cause);
  }
}

/** Asked before loading: a file that breaks off would end the process, and so might one for another C library. */
function fits({ truncated, platform, architectures, libc }: BinaryHeader): boolean {
  if (truncated || platform !== process.platform || !architectures.includes(process.arch)) return false;
  return libc === null || libc === currentLibc();
}

function failure(facts: LoadFacts, cause: unknown): ClmbrError {
  const { problem, message } = explainLoadFailure(facts);
  const { runtime, variant, file } = facts;
  const { platform, arch, libc } = runtime;
  return new ClmbrError('ADDON_UNAVAILABLE', message, {
    cause,
    details: { problem, variant, file, platform, arch, libc, runtime: `${runtime.name} ${runtime.version}` },
  });
}
