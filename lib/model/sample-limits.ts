/** How much of the context and of the memory samples take. Pure. */
import type { LlamaHyperparameters } from '../architecture/index.ts';

/** Most samples that advance together. More would hardly be faster, and each takes memory. */
const mostTogether = 64;
/** Memory for the keys and values of samples, in bytes: where they are long, fewer advance together. */
const mostBytes = 2 ** 30;
/** Keys and values are held in panels of so many tokens. */
const panel = 32;

/** Tokens that stay when a full context moves on: three quarters of it. */
export function rollingWindow(contextLength: number): number {
  return Math.max(1, Math.floor((3 * contextLength) / 4));
}

/** How many samples of a history may advance together, each of so many events. */
export function slotsFor(
  { layerCount, kvHeadCount, headSize, contextLength }: LlamaHyperparameters,
  history: number,
  maxEvents: number,
): number {
  const bytesPerToken = 2 * Float32Array.BYTES_PER_ELEMENT * layerCount * kvHeadCount * headSize;
  const own = Math.min(maxEvents, contextLength - history);
  // A sample whose window moves on computes one of its own.
  const rolled = history + maxEvents > contextLength ? contextLength : 0;
  return Math.max(1, Math.min(mostTogether, Math.floor(mostBytes / (bytesPerToken * (own + rolled + panel)))));
}
