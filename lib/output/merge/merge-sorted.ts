/** Merges sequences, each of them ascending, into one: a heap of the sequences by what comes next in each. */
export async function* mergeSorted<T>(
  sequences: readonly AsyncIterable<T>[],
  keyOf: (item: T) => number,
): AsyncGenerator<{ item: T; key: number }, void, undefined> {
  const heap: Cursor<T>[] = [];
  try {
    for (const sequence of sequences) {
      const cursor: Cursor<T> = { items: sequence[Symbol.asyncIterator](), item: undefined as T, key: 0 };
      if (await advance(cursor, keyOf)) heap.push(cursor);
    }
    for (let i = heap.length >> 1; i >= 0; i--) siftDown(heap, i);
    while (heap.length > 0) {
      const first = heap[0]!;
      yield { item: first.item, key: first.key };
      if (!(await advance(first, keyOf))) {
        const last = heap.pop()!;
        if (heap.length === 0) return;
        if (last !== first) heap[0] = last;
      }
      siftDown(heap, 0);
    }
  } finally {
    for (const { items } of heap) await items.return?.();
  }
}

interface Cursor<T> {
  items: AsyncIterator<T>;
  item: T;
  key: number;
}

async function advance<T>(cursor: Cursor<T>, keyOf: (item: T) => number): Promise<boolean> {
  const next = await cursor.items.next();
  if (next.done === true) return false;
  cursor.item = next.value;
  cursor.key = keyOf(next.value);
  return true;
}

function siftDown<T>(heap: Cursor<T>[], from: number): void {
  for (let at = from; ; ) {
    let least = at;
    for (const child of [2 * at + 1, 2 * at + 2])
      if (child < heap.length && heap[child]!.key < heap[least]!.key) least = child;
    if (least === at) return;
    [heap[at], heap[least]] = [heap[least]!, heap[at]!];
    at = least;
  }
}
