import { createHash } from 'node:crypto';

/** Random token ids, the same in every process. */
export function timeline(seed, length, vocabularySize = 200) {
  let state = seed + 1;
  return Array.from({ length }, () => (state = (state * 48271) % 2147483647) % vocabularySize);
}

/** Far more work than any test waits for. */
export const endless = Array.from({ length: 2000 }, (_, i) => timeline(i, 500));

export const few = [1, 2, 33, 300, 600].map((length) => timeline(length, length));

export const digest = (numbers) =>
  createHash('sha256')
    .update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength))
    .digest('hex');

export const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Collects all garbage; undefined where a script cannot ask for that. */
export const collect = globalThis.Bun ? () => globalThis.Bun.gc(true) : globalThis.gc && (() => globalThis.gc());
