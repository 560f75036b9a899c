import { ClmbrError } from '../../errors.ts';
import { canonicalJson } from '../metadata.ts';
import type { OutputMetadata } from '../metadata.ts';
import type { RowSource } from '../row-source.ts';
import type { LabelName } from '../rows.ts';

export const labelNames: readonly LabelName[] = ['boolean_value', 'integer_value', 'float_value', 'categorical_value'];

/** The output of one shard, open for reading. */
export interface ShardFile extends RowSource {
  readonly path: string;
  readonly metadata: OutputMetadata;
  readonly label: LabelName | undefined;
  close(): Promise<void>;
}

/** The most bytes of vectors that are held of one shard. */
export const shardBatchBytes = 256 * 1024;

export function unreadableShard(path: string, what: string): ClmbrError {
  return new ClmbrError('FILE_UNREADABLE', `${path}: ${what}; expected the output of a shard as it was written.`, {
    details: { path },
  });
}

/** @throws ClmbrError `FILE_UNREADABLE` where the text is no JSON object */
export function parseMetadata(path: string, text: string | undefined): OutputMetadata {
  try {
    const metadata = JSON.parse(text ?? '') as unknown;
    if (typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata)) {
      // Fails here, and not later, where it is nested too deeply to be written again.
      canonicalJson(metadata as OutputMetadata);
      return metadata as OutputMetadata;
    }
  } catch {
    // Said below.
  }
  throw unreadableShard(path, 'it has no metadata');
}
