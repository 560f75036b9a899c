import { ClmbrError } from '../errors.ts';

const reasons: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  ENOENT: 'the folder does not exist',
  ENOTDIR: 'a part of its path is not a folder',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the file system is read-only',
};

/** A `WRITE_FAILED` error from what the operating system said. */
export function writeFailure(target: string, cause: unknown): ClmbrError {
  if (cause instanceof ClmbrError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  return new ClmbrError('WRITE_FAILED', `Cannot write ${target}: ${reasons[code] ?? (cause as Error).message}.`, {
    cause,
    details: { path: target, reason: code },
  });
}
