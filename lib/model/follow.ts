/**
 * Lets a signal of our own end with the caller's. What is shared with other calls hears ours only: the caller's may be of any make, and what
 * it throws is then thrown into the call that it was given to.
 *
 * @returns ends it
 */
export function follow(signal: AbortSignal | undefined, own: AbortController): () => void {
  if (signal === undefined) return () => undefined;
  const onAbort = (): void => own.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  return () => signal.removeEventListener('abort', onAbort);
}
