import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folder with results of the Python reference; it lies beside the checkout where it is available. */
export const golden = fileURLToPath(new URL('../../../shared/golden/', import.meta.url));
export const hasGolden = existsSync(golden);
