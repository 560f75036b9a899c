import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Selected } from './job.ts';
import { root } from './program.ts';

/**
 * The corpus of a target: cases of one seed that together run all code which thousands of cases reach. A case is its number, since
 * `Random` makes the same input of seed and number anywhere; that keeps megabytes of model files out of the repository.
 */
export interface Corpus {
  seed: number;
  cases: Selected[];
}

export const corpusFolder = join(root, 'test', 'corpus');

export async function corpusTargets(): Promise<string[]> {
  const names = await readdir(corpusFolder);
  return names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
}

/** One case a line, so that differences can be read. */
export async function writeCorpus(target: string, { seed, cases }: Corpus): Promise<void> {
  const lines = cases.map((one) => `    { "case": ${one.case}, "outcome": ${JSON.stringify(one.outcome)} }`);
  const text = `{\n  "seed": ${seed},\n  "cases": [\n${lines.join(',\n')}\n  ]\n}\n`;
  await writeFile(join(corpusFolder, `${target}.json`), text);
}

export async function readCorpus(target: string): Promise<Corpus> {
  return JSON.parse(await readFile(join(corpusFolder, `${target}.json`), 'utf8')) as Corpus;
}
