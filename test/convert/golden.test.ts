import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkLlamaGguf } from '../../lib/architecture/check-gguf.ts';
import { convertCheckpoint } from '../../lib/convert/convert.ts';
import { openGguf } from '../../lib/gguf/reader.ts';
import { vocabularyFromTables } from '../../lib/tokenizer/vocabulary.ts';
import { golden, hasGolden } from '../support/golden.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();

const models = [
  ['models/gqa-llama3-f32', 'F32', 1_731_840],
  ['models/gqa-sharded-bf16', 'BF16', 1_655_616],
  ['models/mha-tied-f16', 'F16', 429_056],
  ['models/mqa-wide-head-f32', 'F32', 529_120],
  ['models/one-layer-f32', 'F32', 62_016],
  ['cohort/model', 'F32', 1_432_960],
] as const;

describe.runIf(hasGolden)('checkpoints as transformers saves them', () => {
  it.each(models)(
    '%s becomes a %s file with %d weights and the settings of its config.json',
    async (name, type, parameters) => {
      const source = join(golden, name);
      const target = join(folder, `${name.replace('/', '-')}.gguf`);
      const config = JSON.parse(await readFile(join(source, 'config.json'), 'utf8')) as Record<string, unknown>;
      const result = await convertCheckpoint({ source, target });
      expect(result).toMatchObject({ type, parameters });
      const { hyperparameters: h, vocabularyTables } = checkLlamaGguf(await openGguf(target));
      expect(h).toMatchObject({
        contextLength: config['max_position_embeddings'],
        hiddenSize: config['hidden_size'],
        layerCount: config['num_hidden_layers'],
        headCount: config['num_attention_heads'],
        kvHeadCount: config['num_key_value_heads'],
        feedForwardSize: config['intermediate_size'],
        vocabularySize: config['vocab_size'],
        rmsNormEpsilon: Math.fround(config['rms_norm_eps'] as number),
        tiedEmbeddings: config['tie_word_embeddings'],
      });
      expect(h.rope.theta).toBe(config['rope_theta']);
      const scaling = config['rope_scaling'] as { original_max_position_embeddings: number } | null;
      expect(h.rope.scaling).toMatchObject(
        scaling === null
          ? { type: 'default' }
          : { type: 'llama3', factor: 8, originalContextLength: scaling.original_max_position_embeddings },
      );
      const vocabulary = vocabularyTables && vocabularyFromTables(vocabularyTables, target);
      expect(vocabulary?.size ?? null).toBe(name.startsWith('cohort') ? config['vocab_size'] : null);
      expect(result.vocabularySize).toBe(vocabulary?.size ?? null);
    },
  );
});
