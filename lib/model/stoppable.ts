import { follow } from './follow.ts';

/**
 * An async generator whose end does not wait: aborting the caller's signal, and `return()` while `next()` is pending, abort `stop`, which the
 * work inside runs under.
 */
export function stoppable<T>(
  start: (stop: AbortController) => AsyncGenerator<T, void, undefined>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  const stop = new AbortController();
  const left = new Error('The iterator was left.');

  async function* guarded(): AsyncGenerator<T, void, undefined> {
    signal?.throwIfAborted();
    const unfollow = follow(signal, stop);
    try {
      yield* start(stop);
    } catch (error) {
      if (error !== left) throw error;
    } finally {
      unfollow();
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
