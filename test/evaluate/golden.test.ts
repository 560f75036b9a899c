import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertCheckpoint } from '../../lib/convert/convert.ts';
import type { ClmbrModel } from '../../lib/model/index.ts';
import { golden, hasGolden } from '../support/golden.ts';
import { modelLoader } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';

interface Expected {
  sequences: number[][];
  stride: number;
  ppl: number;
  n_tokens: number;
  mean_log_prob: number;
  log_probs: number[];
}

const folder = await temporaryFolder();
const load = modelLoader();
const names = ['gqa-llama3-f32', 'gqa-sharded-bf16', 'mha-tied-f16', 'mqa-wide-head-f32', 'one-layer-f32'];

describe.runIf(hasGolden).each(names)('perplexity of the reference, %s', (name) => {
  const source = join(golden, 'models', name);
  let model: ClmbrModel;
  let cases: Expected[];
  beforeAll(async () => {
    ({ perplexity: cases } = JSON.parse(readFileSync(join(source, 'expected.json'), 'utf8')) as {
      perplexity: Expected[];
    });
    const target = join(folder, `${name}.gguf`);
    await convertCheckpoint({ source, target });
    model = await load(target);
  });

  it.each([0, 1])('stride %i of the two', async (index) => {
    const { sequences, stride, ppl, n_tokens: tokens, mean_log_prob: meanLogProb, log_probs: logProbs } = cases[index]!;
    const { perplexity: got } = await model.evaluate(sequences, { perplexity: true, logProbs: true, stride });
    expect(got!.tokens).toBe(tokens);
    expect(got!.logProbs!.map((own) => own.length)).toEqual(sequences.map((ids) => ids.length - 1));
    const all = got!.logProbs!.flatMap((own) => [...own]);
    expect(all).toHaveLength(logProbs.length);
    const worst = Math.max(...all.map((logProb, i) => Math.abs(logProb - logProbs[i]!)));
    expect(worst).toBeLessThan(1e-4);
    expect(got!.ppl.toPrecision(4)).toBe(ppl.toPrecision(4));
    expect(Math.abs(got!.meanLogProb - meanLogProb)).toBeLessThan(1e-5);
  });

  it('has a stride of half the context where none is given', async () => {
    const { sequences, ppl } = cases.find(({ stride }) => stride === model.info.contextLength / 2)!;
    const { perplexity: got } = await model.evaluate(sequences, { perplexity: true });
    expect(got!.ppl.toPrecision(4)).toBe(ppl.toPrecision(4));
  });
});
