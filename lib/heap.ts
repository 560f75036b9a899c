import { getHeapStatistics } from 'node:v8';
import { ClmbrError } from './errors.ts';

/** What the collector has not yet collected counts as used: a small share of the heap is always had. */
const smallShare = 1 / 32;

/** Bytes that the heap of JavaScript has left. Its end is that of the process, so whoever keeps much asks first. */
export function heapRoom(): { left: number; limit: number } {
  const { heap_size_limit: limit, used_heap_size: used } = getHeapStatistics();
  return { left: Math.max(limit - used, limit * smallShare), limit };
}

/** Keeps what is read of an input within the heap: by compression, some kilobytes of a file can stand for any number of rows. */
export class HeapBudget {
  readonly #path: string;
  readonly #what: string;
  readonly #limit: number;
  #left: number;

  /** @param what that is kept, for messages: `labels` */
  constructor(path: string, what: string, room = heapRoom()) {
    this.#path = path;
    this.#what = what;
    ({ left: this.#left, limit: this.#limit } = room);
  }

  /** @throws ClmbrError `INVALID_INPUT` where so many bytes more would not fit */
  assertRoom(bytes: number): void {
    if (bytes <= this.#left) return;
    const megabytes = Math.floor(this.#limit / 2 ** 20);
    throw new ClmbrError(
      'INVALID_INPUT',
      `${this.#path}: expected ${this.#what} that fit the heap of ${megabytes} MB (node --max-old-space-size), found more of them.`,
      { details: { path: this.#path, limit: this.#limit } },
    );
  }

  /** Counts what is kept from now on; as `assertRoom`. */
  take(bytes: number): void {
    this.assertRoom(bytes);
    this.#left -= bytes;
  }
}
