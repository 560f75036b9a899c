import type { ClmbrModel } from '../index.ts';
import { loadModel } from '../index.ts';
import type { ModelFlags } from './options.ts';
import { given } from './options.ts';
import { startProgress } from './progress.ts';

/** Loads a model and shows how far it is. */
export async function loadWithProgress(
  path: string,
  { threads, device, compute, sha256, quiet }: ModelFlags & { quiet: boolean },
  signal: AbortSignal,
): Promise<ClmbrModel> {
  const progress = startProgress('clmbr:', { quiet });
  try {
    const onProgress = ({ bytes, totalBytes }: { bytes: number; totalBytes: number }) =>
      progress.update(bytes / Math.max(1, totalBytes), 'loading the model');
    return await loadModel(path, { ...given({ threads, device, compute, sha256 }), signal, onProgress });
  } finally {
    progress.stop();
  }
}
