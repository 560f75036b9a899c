import type { Random } from './random.ts';

/** Remembers an input of the case under a file name, for whoever looks into a failure. */
export type Keep = (name: string, content: Uint8Array | string) => void;

/**
 * Makes one input from `random` and tries it.
 *
 * @returns the outcome: `accepted`, or the code of the error
 * @throws Violation, or anything else, when the product did what it must not do
 */
export type Attempt = (random: Random, keep: Keep) => Promise<string>;

/** Makes whatever all cases share; `scratch` is an empty folder. */
export type Target = (scratch: string) => Promise<Attempt>;
