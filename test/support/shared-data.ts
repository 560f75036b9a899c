import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folder with open data sets; it lies beside the checkout where it is available. */
export const sharedData = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
export const hasSharedData = existsSync(sharedData);
