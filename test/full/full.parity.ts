/**
 * The released model's own shape against the reference, by hand: `CLMBR_FULL_MODEL=path npx vitest run --config test/full/vitest.config.ts`.
 * The path is a GGUF file, or the folder that golden/make_full_checkpoint.py wrote, which is then converted as BF16 and as F32.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertCheckpoint } from '../../lib/convert/convert.ts';
import { loadModel } from '../../lib/model/index.ts';
import type { ClmbrModel } from '../../lib/model/index.ts';
import { golden, hasGolden } from '../support/golden.ts';
import { expectSameNumbers, rowsOf } from '../support/numbers.ts';
import { readF32Tensors } from '../support/safetensors-f32.ts';
import { temporaryFolder } from '../support/temporary.ts';

const path = process.env['CLMBR_FULL_MODEL'];
if (path === undefined) throw new Error('CLMBR_FULL_MODEL: expected the path of a GGUF file or of a checkpoint');
if (!hasGolden) throw new Error(`${golden}: expected the results of the reference`);

interface Expected {
  sequences: number[][];
  next_event_top8: { ids: number[]; logits: number[]; log_probs: number[] }[];
}

const folder = await temporaryFolder();
const cases = statSync(path).isDirectory() ? (['bf16', 'f32'] as const) : (['as it is'] as const);

describe.each(cases)('the full shape, %s', (type) => {
  const { sequences, next_event_top8: top8 } = JSON.parse(
    readFileSync(join(golden, 'full', 'expected.json'), 'utf8'),
  ) as Expected;
  const expected = readF32Tensors(join(golden, 'full', 'expected.safetensors'));
  let model: ClmbrModel;
  beforeAll(async () => {
    let target = path;
    if (type !== 'as it is') {
      target = join(folder, `${type}.gguf`);
      await convertCheckpoint({ source: path, target, type });
    }
    model = await loadModel(target);
    return () => model.dispose();
  });

  it.each(['last', 'mean'] as const)('%s', async (pooling) => {
    expect(sequences.at(-1)).toHaveLength(4096);
    expectSameNumbers(rowsOf(await model.embed(sequences, { pooling })), expected.get(pooling)!);
  });

  it('the eight most probable next events', async () => {
    const { patients } = await model.evaluate(sequences, { topK: 8 });
    for (const [i, { next }] of patients.entries()) {
      const { ids, log_probs: logProbs } = top8[i]!;
      for (const [rank, { id, logProb }] of next.entries()) {
        expect(Math.abs(logProb - logProbs[rank]!)).toBeLessThan(1e-3);
        // Ranks whose neighbours are as good as equal may change places.
        const margin = Math.min(
          ...[rank - 1, rank + 1].map((other) => Math.abs((logProbs[other] ?? Infinity) - logProbs[rank]!)),
        );
        if (margin > 1e-3) expect(id).toBe(ids[rank]);
      }
    }
  });
});
