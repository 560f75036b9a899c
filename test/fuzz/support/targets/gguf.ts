import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckedModel } from '../../../../lib/architecture/check-gguf.ts';
import { checkLlamaGguf } from '../../../../lib/architecture/check-gguf.ts';
import { openGguf } from '../../../../lib/gguf/reader.ts';
import { readVocabularyTables } from '../../../../lib/gguf/vocabulary.ts';
import { ClmbrTokenizer } from '../../../../lib/tokenizer/tokenizer.ts';
import { vocabularyFromTables, vocabularyToTables } from '../../../../lib/tokenizer/vocabulary.ts';
import type { Vocabulary } from '../../../../lib/tokenizer/vocabulary.ts';
import { ggufCorpus } from '../corpus.ts';
import { demand, refusal } from '../judge.ts';
import { mutateGguf } from '../mutate-gguf.ts';
import type { Target } from '../target.ts';

/** A file that got through is whole: the engine reads these places without looking again. */
function checkPlaces({ tensors, hyperparameters }: CheckedModel, fileSize: number): void {
  let end = 0;
  for (const { name, offset, byteLength } of tensors.toSorted((a, b) => a.offset - b.offset)) {
    demand(offset >= end, `tensor ${name} overlaps another`);
    end = offset + byteLength;
    demand(byteLength > 0 && end <= fileSize, `tensor ${name} ends at ${end}, the file at ${fileSize}`);
  }
  for (const [name, value] of Object.entries(hyperparameters))
    if (typeof value === 'number') demand(Number.isFinite(value), `${name} is ${value}`);
}

/** A vocabulary that got through can be used and stored again. */
export function checkVocabulary(vocabulary: Vocabulary): void {
  const tokenizer = new ClmbrTokenizer(vocabulary);
  const ids = Array.from({ length: vocabulary.size }, (_, id) => id);
  const decoded = tokenizer.decode(ids);
  for (const id of ids) demand(typeof tokenizer.describe(id) === 'string', `token ${id} has no description`);
  const events = decoded.flatMap(({ code, range, category }) =>
    code === null ? [] : [{ code }, { code, value: range?.start ?? category ?? 1 }],
  );
  for (const id of tokenizer.encode(events).ids)
    demand(id >= 0 && id < vocabulary.size, `an event became the token ${id} of ${vocabulary.size}`);
  const again = vocabularyFromTables(vocabularyToTables(vocabulary), 'again');
  for (const id of ids) demand(again.token(id) === vocabulary.token(id), `token ${id} is another after storing`);
}

/** Headers of GGUF files, through the readers of header, architecture and vocabulary. */
export const gguf: Target = async (scratch) => {
  const files = await ggufCorpus(scratch);
  const path = join(scratch, 'case.gguf');
  return async (random, keep) => {
    const bytes = mutateGguf(random, random.pick(files));
    keep('case.gguf', bytes);
    await writeFile(path, bytes);
    const codes = ['NOT_A_MODEL', 'INVALID_GGUF', 'UNSUPPORTED_MODEL', 'INVALID_VOCABULARY'] as const;
    const file = await openGguf(path).catch((error: unknown) => refusal(error, codes.slice(0, 2)));
    if (typeof file === 'string') return file;
    try {
      // The vocabulary alone, whatever the weights are: `ClmbrTokenizer.load` reads it so.
      const tables = readVocabularyTables(file);
      if (tables !== null) checkVocabulary(vocabularyFromTables(tables, path));
    } catch (error) {
      refusal(error, ['INVALID_VOCABULARY']);
    }
    try {
      const model = checkLlamaGguf(file);
      checkPlaces(model, bytes.length);
      if (model.vocabularyTables !== null) vocabularyFromTables(model.vocabularyTables, path);
      return 'accepted';
    } catch (error) {
      return refusal(error, codes);
    }
  };
};
