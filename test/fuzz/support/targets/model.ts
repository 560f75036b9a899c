import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClmbrErrorCode } from '../../../../lib/errors.ts';
import type { ClmbrModel } from '../../../../lib/model/index.ts';
import { loadModel } from '../../../../lib/model/index.ts';
import type { Patient } from '../../../../lib/types.ts';
import { bare, measured, worded } from '../../../support/events.ts';
import { ggufCorpus } from '../corpus.ts';
import { demand, refusal } from '../judge.ts';
import { mutateGently } from '../mutate-gguf.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';

const loadCodes: readonly ClmbrErrorCode[] = [
  ...(['NOT_A_MODEL', 'INVALID_GGUF', 'UNSUPPORTED_MODEL', 'INVALID_VOCABULARY', 'OUT_OF_MEMORY'] as const),
];

function randomPatient(random: Random, size: number): Patient {
  const ids = (length: number) => Int32Array.from({ length }, () => random.below(size));
  return random.pick([ids(1), ids(random.between(2, 40)), { id: 'many', ids: ids(random.between(33, 90)) }]);
}

async function embed(random: Random, model: ClmbrModel): Promise<void> {
  const { hiddenSize, vocabularySize } = model.info;
  const patients: Patient[] = Array.from({ length: 3 }, () => randomPatient(random, vocabularySize));
  if (model.tokenizer !== null) patients.push([bare(1), measured(1), worded(1), bare(2), { code: 'NONE/1' }]);
  const pooling = random.pick(['last', 'mean', 'max'] as const);
  const representation = random.pick(['hidden', 'logits'] as const);
  const width = representation === 'hidden' ? hiddenSize : vocabularySize;
  const result = await model.embed(patients, {
    pooling,
    representation,
    overflow: random.pick(['last', 'mean'] as const),
  });
  demand(result.rows.length === patients.length, `${result.rows.length} rows for ${patients.length} patients`);
  demand(result.data.length === width * patients.length, `${result.data.length} numbers, expected rows of ${width}`);
  const topK = random.between(1, vocabularySize);
  const evaluated = await model.evaluate(patients.slice(0, 2), { topK });
  for (const { next } of evaluated.patients) {
    const ids = new Set(next.map(({ id }) => id));
    demand(ids.size === topK, `${ids.size} different next events, expected ${topK}`);
    for (const id of ids) demand(Number.isInteger(id) && id >= 0 && id < vocabularySize, `the next event ${id}`);
  }
}

/** Model files, most of them still valid, through loading and computing. */
export const model: Target = async (scratch) => {
  const files = await ggufCorpus(scratch);
  const witness = await loadModel(join(scratch, 'valid-0.gguf'), { threads: 1 });
  const look = async () => Buffer.from((await witness.embed([[7, 8, 9, 30, 0]])).data.buffer).toString('hex');
  const before = await look();
  return async (random, keep) => {
    const bytes = mutateGently(random, random.pick(files));
    keep('case.gguf', bytes);
    // A name of its own: a loaded file is known by its name, size and time.
    const path = join(scratch, `case-${random.index}.gguf`);
    await writeFile(path, bytes);
    try {
      const loaded = await loadModel(path, {
        threads: random.pick([1, 2]),
        maxBatchTokens: random.pick([16, 64, 2048]),
      });
      try {
        await embed(random, loaded);
      } finally {
        await loaded.dispose();
      }
      // A model that was loaded before has nothing to do with it.
      demand((await look()) === before, 'another model computes something else now');
      return 'accepted';
    } catch (error) {
      return refusal(error, loadCodes);
    } finally {
      await rm(path, { force: true });
    }
  };
};
