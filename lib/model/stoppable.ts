/**
 * An async generator whose end does not wait: aborting the caller's signal, and `return()` while `next()` is pending, abort the signal that
 * the work inside runs under.
 */
export function stoppable<T>(
  start: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  const stop = new AbortController();
  const left = new Error('The iterator was left.');
  const follow = (): void => stop.abort(signal!.reason);

  async function* guarded(): AsyncGenerator<T, void, undefined> {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', follow, { once: true });
    try {
      yield* start(stop.signal);
    } catch (error) {
      if (error !== left) throw error;
    } finally {
      signal?.removeEventListener('abort', follow);
    }
  }

  const inner = guarded();
  const iterator: AsyncGenerator<T, void, undefined> & { [Symbol.asyncDispose](): Promise<void> } = {
    next: () => inner.next(),
    return: (value) => {
      stop.abort(left);
      return inner.return(value);
    },
    throw: (error) => {
      stop.abort(left);
      return inner.throw(error);
    },
    [Symbol.asyncIterator]: () => iterator,
    [Symbol.asyncDispose]: async () => {
      await iterator.return();
    },
  };
  return iterator;
}
