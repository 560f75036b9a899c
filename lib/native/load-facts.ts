import type { BinaryHeader } from './binary-header.ts';
import type { Missing, AddonVariant } from './locate.ts';
import type { Runtime } from './runtime.ts';

/** Everything that is known about a failure to load an addon. */
export interface LoadFacts {
  variant: AddonVariant;
  /** Version of clmbr. */
  version: string;
  runtime: Runtime;
  missing: Missing | null;
  file: string | null;
  /** Of the file; null where it could not be read. */
  header: BinaryHeader | null;
  /** What the system or the loader said; '' where it was not asked. */
  reason: string;
  /** The `code` of that error. */
  code: string;
}
