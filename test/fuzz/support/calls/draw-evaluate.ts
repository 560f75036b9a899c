import type { EvaluateOptions } from '../../../../lib/model/index.ts';
import type { Random } from '../random.ts';
import { checkEvaluation } from './check-evaluate.ts';
import { naiveRows } from './naive-rows.ts';
import type { Call, Subject } from './subject.ts';
import { drawPatients, drawTimes, rowsOf, someIds, spoilOptions, spoilPatients } from './subject.ts';

export function drawEvaluate(random: Random, subject: Subject): Call {
  const { vocabularySize } = subject.model.info;
  const patients = drawPatients(random, subject);
  const at = drawTimes(random, patients);
  const perplexity = random.chance(0.4);
  const options: EvaluateOptions = {
    overflow: random.pick(['last', 'first'] as const),
    specialTokens: random.chance(0.3),
    minCoverage: 0,
    perplexity,
    ...(random.chance(0.3) && { surprisal: true }),
    ...(perplexity && random.chance(0.5) && { logProbs: true }),
    ...(perplexity && random.chance(0.7) && { stride: random.between(1, subject.contextLength - 1) }),
    ...(random.chance(0.6) && { topK: random.between(1, vocabularySize) }),
    ...(random.chance(0.4) && { targets: [someIds(random, vocabularySize), someIds(random, vocabularySize)] }),
    ...(at !== null && { at: at.map(({ given }) => given) }),
  };
  const rows = rowsOf(patients, at, options.specialTokens!, subject);
  const whole = patients.map((patient) => naiveRows({ ...patient, at: null }, null, false, subject)[0]!.ids);
  const checked = { ...options };
  const wrong = spoilOptions(random, options);
  const { given, spoilt } = spoilPatients(random, patients);
  return {
    spoilt: wrong || spoilt,
    run: async (signal) => {
      const result = await subject.model.evaluate(given, { ...options, ...(signal && { signal }) });
      return async () => {
        if (wrong || spoilt) return;
        const context = { model: subject.alone, contextLength: subject.contextLength };
        await checkEvaluation(result, rows, whole, checked, context);
      };
    },
  };
}
