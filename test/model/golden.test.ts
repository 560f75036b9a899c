import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertCheckpoint } from '../../lib/convert/convert.ts';
import type { ClmbrModel } from '../../lib/model/index.ts';
import { golden, hasGolden } from '../support/golden.ts';
import { modelLoader } from '../support/model.ts';
import { expectSameNumbers, leader, rowsOf } from '../support/numbers.ts';
import { readReference, referenceHidden } from '../support/reference-llama.ts';
import { readF32Tensors } from '../support/safetensors-f32.ts';
import { temporaryFolder } from '../support/temporary.ts';

const names = ['gqa-llama3-f32', 'gqa-sharded-bf16', 'mha-tied-f16', 'mqa-wide-head-f32', 'one-layer-f32'];

describe.runIf(hasGolden)('the numbers of transformers', async () => {
  const folder = await temporaryFolder();
  const load = modelLoader();

  describe.each(names)('%s', (name) => {
    const source = join(golden, 'models', name);
    let model: ClmbrModel;
    let sequences: number[][];
    let expected: Map<string, Float32Array[]>;
    const all = (kind: 'hidden' | 'logits') => sequences.flatMap((_, i) => expected.get(`${kind}.${i}`)!);

    beforeAll(async () => {
      await convertCheckpoint({ source, target: join(folder, `${name}.gguf`) });
      model = await load(join(folder, `${name}.gguf`), { threads: 2 });
      sequences = (JSON.parse(readFileSync(join(source, 'expected.json'), 'utf8')) as { sequences: number[][] })
        .sequences;
      expected = readF32Tensors(join(source, 'expected.safetensors'));
    });

    it('has rows to compare', () => {
      expect(sequences.map((ids) => ids.length)).toEqual([1, 2, 3, 17, 64, 159, 160]);
      expect(all('hidden')).toHaveLength(406);
      expect(all('logits')).toHaveLength(406);
    });

    it('hidden states of every token', async () => {
      expectSameNumbers(rowsOf(await model.embed(sequences, { pooling: 'none' })), all('hidden'));
    });

    it('logits of every token, and the same most probable event', async () => {
      const rows = rowsOf(await model.embed(sequences, { pooling: 'none', representation: 'logits' }));
      expectSameNumbers(rows, all('logits'));
      let clear = 0;
      for (const [i, logits] of all('logits').entries()) {
        const { index, margin } = leader(logits);
        if (margin <= 1e-3) continue;
        clear++;
        expect(leader(rows[i]!).index).toBe(index);
      }
      expect(clear).toBeGreaterThan(300);
    });

    it('next events of whole timelines', async () => {
      const { patients } = await model.evaluate(sequences, { topK: 5 });
      for (const [i, { next }] of patients.entries()) {
        const logits = expected.get(`logits.${i}`)!.at(-1)!;
        const largest = logits.reduce((a, b) => Math.max(a, b));
        const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)) + largest;
        for (const { id, logProb } of next) expect(Math.abs(logProb - (logits[id]! - total))).toBeLessThan(1e-4);
        if (leader(logits).margin > 1e-3) expect(next[0]!.id).toBe(leader(logits).index);
      }
    });

    it('agree with the plain Llama that other tests compare with', async () => {
      const reference = await readReference(source);
      const ids = sequences[4]!;
      expectSameNumbers(expected.get('hidden.4')!, referenceHidden(reference, ids));
    });

    it('as Q8_0: those of the dequantised weights', async () => {
      const target = join(folder, `${name}-q8.gguf`);
      await convertCheckpoint({ source, target, type: 'q8_0' });
      const quantised = await load(target, { threads: 2 });
      const reference = await readReference(source, { q8: true });
      const rows = rowsOf(await quantised.embed([sequences[4]!], { pooling: 'none' }));
      expectSameNumbers(rows, referenceHidden(reference, sequences[4]!));
    });
  });
});
