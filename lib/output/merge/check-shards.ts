import { mostShards } from '../../data/shard.ts';
import type { Shard } from '../../data/shard.ts';
import { ClmbrError } from '../../errors.ts';
import { quoted } from '../../files/quoted.ts';
import { canonicalJson } from '../metadata.ts';
import type { OutputMetadata } from '../metadata.ts';

/** What a file says of itself. */
export interface DescribedFile {
  path: string;
  metadata: OutputMetadata;
}

/** Names that differ between the shards of one run. */
const perShard = new Set(['shard', 'report']);
/** That a message lists. */
const mostNames = 10;

/**
 * The metadata of the whole run, which its shards have in common.
 *
 * @throws ClmbrError `SHARD_MISMATCH` when they are not the shards of one run, each of them once
 */
export function assertShardsOfOneRun(files: readonly DescribedFile[]): OutputMetadata {
  const [first] = files;
  if (first === undefined) throw mismatch('There is nothing to merge: expected the outputs of the shards of a run.');
  const { count } = shardOfFile(first);
  const found = new Map<number, string>();
  for (const file of files) {
    const shard = shardOfFile(file);
    if (shard.count !== count)
      throw mismatch(`${file.path} is one of ${shard.count} shards and ${first.path} one of ${count}.`);
    assertSameRun(first, file);
    const other = found.get(shard.index);
    if (other !== undefined) throw mismatch(`Shard ${shard.index}/${count} is there twice: ${other} and ${file.path}.`);
    found.set(shard.index, file.path);
  }
  const missing = Array.from({ length: count }, (_, i) => i).filter((index) => !found.has(index));
  if (missing.length > 0) {
    const names = missing.slice(0, mostNames).map((index) => `${index}/${count}`);
    const more = missing.length > names.length ? ` and ${missing.length - names.length} more` : '';
    throw mismatch(`Of ${count} shards ${missing.length} are missing: ${names.join(', ')}${more}.`);
  }
  return commonPart(first.metadata);
}

function commonPart(metadata: OutputMetadata): OutputMetadata {
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !perShard.has(name)));
}

function assertSameRun(first: DescribedFile, file: DescribedFile): void {
  const [a, b] = [commonPart(first.metadata), commonPart(file.metadata)];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  const different = names.filter((name) => canonicalJson(a[name]) !== canonicalJson(b[name]));
  if (different.length === 0) return;
  const shown = different.slice(0, mostNames).map((name) => (/^\w{1,64}$/.test(name) ? name : quoted(name)));
  const more = different.length > mostNames ? ` and ${different.length - mostNames} more` : '';
  throw mismatch(`${file.path} is of another run than ${first.path}: they differ in ${shown.join(', ')}${more}.`);
}

/** @throws ClmbrError `SHARD_MISMATCH` where it is the output of a whole run */
export function shardOfFile({ path, metadata }: DescribedFile): Shard {
  const { index, count } = metadata.shard ?? {};
  if (Number.isInteger(index) && Number.isInteger(count) && index! >= 0 && index! < count! && count! <= mostShards)
    return { index: index!, count: count! };
  throw mismatch(`${path} is no shard: expected the output of a run with --shard.`);
}

export function mismatch(message: string): ClmbrError {
  return new ClmbrError('SHARD_MISMATCH', message);
}
