import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ClmbrError } from '../errors.ts';
import type { NativeAddon } from './types.ts';

const packageRoot = fileURLToPath(new URL('../..', import.meta.url));
let loaded: NativeAddon | undefined;

/**
 * The native addon of this platform, loaded on first use.
 *
 * @throws ClmbrError ADDON_UNAVAILABLE with the reason and what to do
 */
export function addon(): NativeAddon {
  if (loaded !== undefined) return loaded;
  const require = createRequire(import.meta.url);
  try {
    const load = require('node-gyp-build') as (root: string) => NativeAddon;
    loaded = load(packageRoot);
  } catch (cause) {
    throw new ClmbrError('ADDON_UNAVAILABLE', explain(cause), {
      cause,
      details: { platform: process.platform, arch: process.arch, node: process.version },
    });
  }
  // No thread may outlive the process's own clean-up.
  process.once('exit', () => loaded?.stop());
  return loaded;
}

function explain(cause: unknown): string {
  const reason = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]!;
  const where = `${process.platform}-${process.arch}, Node ${process.version}`;
  const advice = /no native build/i.test(reason)
    ? 'build it from source with `npm run build` in the package (it needs CMake and a C++17 compiler)'
    : 'rebuild it from source on this machine with `npm run build`';
  return `The native addon of clmbr could not be loaded on ${where}: ${reason}; ${advice}.`;
}
