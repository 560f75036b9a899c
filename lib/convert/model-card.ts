import { join, resolve } from 'node:path';
import { readWholeFile } from '../files/input-file.ts';
import type { Vocabulary } from '../tokenizer/vocabulary.ts';
import type { Checkpoint } from './checkpoint.ts';

const maxCardBytes = 4 * 1024 * 1024;

/** Where weights come from and on which terms they may be used, as far as the folder says. */
export interface Provenance {
  name?: string;
  /** Identifier as in the model card, for example `cc-by-nc-4.0`. */
  license?: string;
  /** A web address. */
  source?: string;
}

/**
 * Tokens of the vocabulary of the released CLMBR models, as their publication shows them. Weights with this vocabulary that
 * come without a model card still keep the terms under which the vocabulary was released.
 */
const releasedTokens: readonly (readonly [number, string])[] = [
  [7, 'SNOMED/3950001'],
  [9, 'Gender/F'],
  [27, 'Ethnicity/Hispanic'],
  [2049, 'SNOMED/609040007'],
];
const releasedSize = 39_818;
const released: Provenance = { license: 'cc-by-nc-4.0', source: 'https://huggingface.co/StanfordShahLab' };

function isReleasedVocabulary(vocabulary: Vocabulary | null): boolean {
  return vocabulary?.size === releasedSize && releasedTokens.every(([id, code]) => vocabulary.entry(id).code === code);
}

/** What a model card (README.md) says: the licence of its front matter, its title, and the one model that it tells to load. */
export function parseModelCard(text: string): Provenance {
  const front = /^\s*---[ \t]*\r?\n([\s\S]*?)\r?\n---[ \t]*\r?\n/.exec(text);
  const license = /^license:[ \t]*["']?([\w.+-]+)["']?[ \t]*$/m.exec(front?.[1] ?? '')?.[1];
  const name = /^# +(\S[^\r\n]{0,100}?)[ \t]*$/m.exec(text.slice(front?.[0].length ?? 0))?.[1];
  const loaded = new Set(
    [...text.matchAll(/from_pretrained\(\s*["']([\w.-]+\/[\w.-]+)["']/g)].map((match) => match[1]!),
  );
  const [model] = loaded;
  return {
    ...(name && { name }),
    ...(license && { license: license.toLowerCase() }),
    ...(loaded.size === 1 && { source: `https://huggingface.co/${model}` }),
  };
}

/** The cache of huggingface_hub keeps `models--OWNER--NAME/snapshots/REVISION`. */
function fromCachePath(folder: string): Provenance {
  const match = /(?:^|[/\\])models--([\w.-]+?)--([\w.-]+)[/\\]snapshots[/\\][0-9a-f]+$/.exec(resolve(folder));
  return match === null ? {} : { name: match[2]!, source: `https://huggingface.co/${match[1]}/${match[2]}` };
}

/** Collects name, licence and source from the model card, the place in the cache, and the vocabulary, in this order. */
export async function readProvenance(checkpoint: Checkpoint, vocabulary: Vocabulary | null): Promise<Provenance> {
  const { folder, entries } = checkpoint;
  let card: Provenance = {};
  if (entries.has('README.md')) {
    card = parseModelCard((await readWholeFile(join(folder, 'README.md'), maxCardBytes)).toString('utf8'));
  }
  return { ...(isReleasedVocabulary(vocabulary) ? released : {}), ...fromCachePath(folder), ...card };
}
