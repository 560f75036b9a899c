import { ClmbrError } from '../errors.ts';
import type { ClmbrErrorCode } from '../errors.ts';

/** What the addon rejects with when its job was cancelled. */
export function isAbort(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ABORTED';
}

const known: ReadonlySet<string> = new Set<ClmbrErrorCode>([
  'FILE_UNREADABLE',
  'UNSUPPORTED_MODEL',
  'OUT_OF_MEMORY',
  'DEVICE_UNAVAILABLE',
  'DISPOSED',
]);

/** What C++ says where memory ran out before there was any work that could report it. */
const ranOut = /^(std::bad_alloc|bad allocation)/;

/**
 * An error of the addon as a ClmbrError. Anything that the checks in JavaScript should have caught is a defect of ours and says so.
 */
export function fromNative(error: unknown): ClmbrError {
  if (error instanceof ClmbrError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code === 'string' && known.has(code))
    return new ClmbrError(code as ClmbrErrorCode, String(message), { cause: error });
  if (ranOut.test(String(message))) return new ClmbrError('OUT_OF_MEMORY', 'Memory ran out.', { cause: error });
  return new ClmbrError('INTERNAL', `The native engine refused its input: ${String(message)}`, { cause: error });
}
