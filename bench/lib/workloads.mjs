// Files of token ids, one sequence a line.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache } from './contenders.mjs';
import { tokenIds } from './lengths.mjs';

export const vocabulary = 39_818;

/** Writes sequences of the given lengths, all different, and returns the file and its number of tokens. */
export function workload(name, lengths) {
  const folder = join(cache, 'bench', 'workloads');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.txt`);
  const lines = lengths.map((length, index) => tokenIds(length, vocabulary, 1009 * (index + 1)).join(' '));
  writeFileSync(file, `${lines.join('\n')}\n`);
  return { file, lengths, tokens: lengths.reduce((sum, length) => sum + length, 0) };
}
