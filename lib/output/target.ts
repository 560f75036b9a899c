import type { AtomicWriteOptions } from '../files/atomic-write.ts';
import { AtomicFile } from '../files/atomic-write.ts';
import type { OutputSettings } from './metadata.ts';

/** Where an output goes. */
export interface Target {
  path: string;
  settings: OutputSettings;
  /** Folder on the same file system for what is not complete yet; default: the target's own. */
  workFolder?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** Puts what `fill` writes under a name of its own, readable by the owner only, or nothing at all. */
export async function writeFile(
  { settings, workFolder, signal }: Target,
  path: string,
  expectedBytes: number | undefined,
  fill: (file: AtomicFile) => Promise<void>,
): Promise<number> {
  const options: AtomicWriteOptions = { access: 'private', folder: workFolder };
  if (settings.overwrite !== undefined) options.overwrite = settings.overwrite;
  if (expectedBytes !== undefined) options.expectedBytes = expectedBytes;
  const file = await AtomicFile.create(path, options);
  try {
    await fill(file);
    signal?.throwIfAborted();
  } catch (error) {
    await file.discard();
    throw error;
  }
  return (await file.commit()).bytes;
}
