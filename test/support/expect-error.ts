import { expect } from 'vitest';
import type { ClmbrErrorCode } from '../../lib/errors.ts';
import { ClmbrError } from '../../lib/errors.ts';

/** Expects a `ClmbrError` with a code, and every text in its message, which is one line. */
export async function expectClmbrError(
  action: Promise<unknown> | (() => unknown),
  code: ClmbrErrorCode,
  ...texts: string[]
): Promise<ClmbrError> {
  const error: unknown = await (typeof action === 'function' ? Promise.resolve().then(action) : action).then(
    () => expect.fail(`expected an error ${code}, but it succeeded`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ClmbrError)) throw error;
  expect(error.message).not.toContain('\n');
  expect({ code: error.code, message: error.message }).toMatchObject({ code });
  for (const text of texts) expect(error.message).toContain(text);
  return error;
}
