import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { ClmbrErrorCode } from '../../../../lib/errors.ts';
import { loadModel } from '../../../../lib/model/index.ts';
import { tokenizerConfig } from '../../../support/checkpoint.ts';
import type { ConfigEntry } from '../../../tokenizer/reference.ts';
import { drawEmbed } from '../calls/draw-embed.ts';
import { drawEvaluate } from '../calls/draw-evaluate.ts';
import { drawGenerate, drawRisk } from '../calls/draw-futures.ts';
import { NaiveModel } from '../calls/naive-model.ts';
import { secrets } from '../calls/random-patients.ts';
import type { Subject } from '../calls/subject.ts';
import { ggufCorpus } from '../corpus.ts';
import { demand, refusal } from '../judge.ts';
import type { Target } from '../target.ts';

const codes: readonly ClmbrErrorCode[] = [
  'INVALID_ARGUMENT',
  'INVALID_INPUT',
  'NO_VOCABULARY',
  'LOW_COVERAGE',
  'CONTEXT_OVERFLOW',
];

/** Calls at once on one model, right ones and wrong ones; what comes back is what the plainest reading of the rules gives. */
export const calls: Target = async (scratch) => {
  await ggufCorpus(scratch);
  const entries = tokenizerConfig(31)['tokens'] as ConfigEntry[];
  const subjects: Subject[] = [];
  for (const [i, tokens] of [entries, entries, [], entries].entries()) {
    const path = join(scratch, `valid-${i}.gguf`);
    const alone = new NaiveModel(await loadModel(path, { threads: 1, maxBatchTokens: 32 }));
    for (const [threads, maxBatchTokens] of [
      [1, 2048],
      [2, 16],
    ] as const) {
      const model = await loadModel(path, { threads, maxBatchTokens });
      subjects.push({ model, alone, tokens, contextLength: model.info.contextLength });
    }
  }
  return async (random, keep) => {
    const subject = random.pick(subjects);
    const drawn = Array.from({ length: random.between(1, 3) }, () =>
      random.pick([drawEmbed, drawEmbed, drawEvaluate, drawGenerate, drawRisk])(random, subject),
    );
    keep('calls.txt', `${drawn.length} calls, ${subject.model.info.weightType}`);
    const reason = new Error('stopped');
    const stop = random.chance(0.1) ? new AbortController() : undefined;
    const settled = Promise.allSettled(drawn.map(({ run }) => run(stop?.signal)));
    if (stop !== undefined) {
      for (let turns = random.below(6); turns > 0; turns--) await turn();
      stop.abort(reason);
    }
    let outcome = 'accepted';
    for (const [i, result] of (await settled).entries()) {
      if (result.status === 'fulfilled') await result.value();
      else if (stop === undefined || result.reason !== reason) {
        outcome = refusal(result.reason, codes, secrets);
        demand(drawn[i]!.spoilt, `a call without fault was refused: ${outcome}`);
      }
    }
    // Whether an abort came in time is chance.
    return stop === undefined ? outcome : 'aborted';
  };
};
