import type { BuiltEntry } from '../../support/gguf-builder.ts';
import { buildGguf } from '../../support/gguf-builder.ts';

/** The bytes of one metadata entry. */
export function encodedEntry(entry: BuiltEntry): Buffer {
  // Behind magic, version and the two counts.
  return buildGguf({ entries: [entry] }).subarray(24);
}
