/** How long JavaScript works before it lets the event loop run, in milliseconds. */
const stretch = 6;

let since = 0;

/** Whether JavaScript has worked for some milliseconds. Saves loops the promise of a call that would do nothing. */
export function isOutOfBreath(): boolean {
  return performance.now() - since >= stretch;
}

/**
 * Lets the event loop run when JavaScript has worked for some milliseconds; costs next to nothing otherwise.
 *
 * @throws `signal.reason` when it was aborted meanwhile
 */
export async function breathe(signal?: AbortSignal): Promise<void> {
  if (!isOutOfBreath()) return;
  await new Promise((resolve) => setImmediate(resolve));
  since = performance.now();
  signal?.throwIfAborted();
}
