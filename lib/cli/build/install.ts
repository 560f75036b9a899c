import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { ClmbrError } from '../../index.ts';
import { run } from './process.ts';
import { outputFolder } from './settings.ts';

const addonName = 'clmbr.node';

/** Where the package looks first. */
export const installedAddon = (root: string) => path.join(root, 'build', 'Release', addonName);

/** Generators for several configurations put the file one folder deeper. */
export function builtAddon(work: string): string | undefined {
  const out = outputFolder(work);
  return [out, path.join(out, 'Release')]
    .map((folder) => path.join(folder, addonName))
    .find((file) => existsSync(file));
}

/**
 * Loads the addon in a process of its own, which may crash.
 * @throws ClmbrError ADDON_UNAVAILABLE with what the system's loader said
 */
export async function checkLoads(file: string, signal: AbortSignal): Promise<void> {
  const script = 'process.exitCode = Object.keys(require(process.argv[1])).length > 0 ? 0 : 3';
  const { code, output } = await run(process.execPath, ['-e', script, file], { signal });
  if (code === 0) return;
  const reason = /^Error: (.*)$/m.exec(output)?.[1] ?? `Node ended with code ${code}`;
  throw new ClmbrError(
    'ADDON_UNAVAILABLE',
    `The addon was built but does not load here (${reason.replaceAll(file, addonName)}); what was installed before is still in place.`,
    { details: { reason } },
  );
}

/** Puts the addon in its place in one step: whoever loads it meanwhile gets the old one or the new one. */
export function install(file: string, root: string): string {
  const target = installedAddon(root);
  try {
    mkdirSync(path.dirname(target), { recursive: true });
    renameSync(file, target);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const inUse = code === 'EPERM' || code === 'EBUSY' ? ': end the processes that use it' : '';
    throw new ClmbrError('WRITE_FAILED', `The new addon could not be put at ${target} (${code})${inUse}.`, { cause });
  }
  return target;
}
