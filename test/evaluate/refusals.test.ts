import { beforeAll, describe, it } from 'vitest';
import type { ClmbrModel, EvaluateOptions } from '../../lib/model/index.ts';
import { unknown } from '../support/events.ts';
import { expectClmbrError } from '../support/expect-error.ts';
import { convertedModel, modelLoader } from '../support/model.ts';
import { temporaryFolder } from '../support/temporary.ts';

const folder = await temporaryFolder();
const load = modelLoader();
let model: ClmbrModel;
let short: ClmbrModel;
beforeAll(async () => {
  const shape = { vocabularySize: 61, vocabulary: true };
  model = await load((await convertedModel(folder, 'model', { ...shape, contextLength: 32 })).path, { threads: 1 });
  short = await load((await convertedModel(folder, 'short', { ...shape, contextLength: 1 })).path, { threads: 1 });
});

const refuse = (options: object, ...texts: string[]) =>
  expectClmbrError(model.evaluate([[7, 8]], options as EvaluateOptions), 'INVALID_ARGUMENT', ...texts);

describe('what evaluate refuses', () => {
  it.each([0, 32, -1, 1.5, NaN, '8', null])('a stride of %s', async (stride) => {
    await refuse({ perplexity: true, stride }, 'stride', '1 to 31');
    await refuse({ surprisal: true, stride }, 'stride', '1 to 31');
  });

  it('options that say nothing alone', async () => {
    await refuse({ stride: 8 }, 'stride', 'perplexity');
    await refuse({ stride: 8, targets: [7] }, 'stride');
    await refuse({ logProbs: true }, 'logProbs', 'perplexity');
    await refuse({ logProbs: true, surprisal: true }, 'logProbs', 'perplexity');
    await refuse({ topK: 0 }, 'topK', '1 to 61');
    await refuse({ topK: 62, perplexity: true }, 'topK', '0 to 61');
  });

  it('wrong kinds', async () => {
    for (const name of ['surprisal', 'perplexity', 'logProbs']) await refuse({ [name]: 1 }, name, 'true or false');
    await refuse({ perplexities: true }, "'perplexities'");
  });

  it('perplexity without room for a token and what comes before it', async () => {
    await expectClmbrError(short.evaluate([[7, 8]], { perplexity: true }), 'INVALID_ARGUMENT', 'context of at least 2');
    await expectClmbrError(short.evaluate([[7, 8]], { surprisal: true }), 'INVALID_ARGUMENT', 'context of at least 2');
  });

  it('timelines that the vocabulary does not know', async () => {
    const events = Array.from({ length: 120 }, () => unknown());
    await expectClmbrError(model.evaluate([events], { perplexity: true }), 'LOW_COVERAGE', '0 of 120');
  });
});
