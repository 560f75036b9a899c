import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout; every path of the scripts starts here. */
export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');

/** @param {...string} parts */
export const inRoot = (...parts) => path.join(root, ...parts);
